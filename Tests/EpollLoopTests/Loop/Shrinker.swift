/// The shortest sequence that still fails, found by leaving parts of a failing one out.
///
/// First halves, then smaller parts, at last single elements: of the result none can be left out
/// (Zeller, Hildebrandt: "Simplifying and isolating failure-inducing input").
///
/// - Parameters:
///   - sequence: A sequence that fails.
///   - fails: Whether a sequence fails; it must always say the same of the same sequence.
func shortest<Element>(_ sequence: [Element], thatFails fails: ([Element]) async -> Bool) async -> [Element] {
  var sequence = sequence
  var part = max(1, sequence.count / 2)
  while true {
    var start = 0
    var hasShrunk = false
    while start < sequence.count {
      var shorter = sequence
      shorter.removeSubrange(start..<min(start + part, sequence.count))
      if await fails(shorter) {
        sequence = shorter
        hasShrunk = true
      } else {
        start += part
      }
    }
    if part > 1 { part /= 2 } else if !hasShrunk { return sequence }
  }
}

/// Runs a seeded sequence of operations and says where it went wrong, as short as possible.
///
/// - Parameters:
///   - operations: What to do.
///   - check: Does it on a fresh subject; says what is wrong, or nil.
/// - Returns: nil if nothing is wrong; else the shortest failing operations and what they show.
func firstFault<Operation>(
  in operations: [Operation], _ check: ([Operation]) async -> String?
) async -> String? {
  guard await check(operations) != nil else { return nil }
  let short = await shortest(operations) { await check($0) != nil }
  return "\(await check(short) ?? "") after \(short)"
}

/// How much random tests do in this build.
enum Effort {
  #if DEBUG
    static let factor = 1
  #else
    static let factor = 10
  #endif
}
