/// Where a loop's time comes from: the kernel, or a number that only the loop moves.
enum TimeSource {
  case kernel
  /// Stands still while anything is ready. If `jumps`, it then moves to the earliest deadline by itself.
  case virtual(now: Int64, jumps: Bool = true)

  @inline(__always)
  var now: Instant {
    switch self {
    case .kernel: .kernelNow
    case .virtual(let now, _): Instant(nanoseconds: now)
    }
  }

  /// The time to within some milliseconds, on a clock that may stand still while the machine sleeps.
  @inline(__always)
  var coarseNow: Int64 {
    switch self {
    case .kernel: Instant.coarseNanoseconds
    case .virtual(let now, _): now
    }
  }

  var isVirtual: Bool {
    switch self {
    case .kernel: false
    case .virtual: true
    }
  }

  /// Whether time moves to the earliest deadline by itself when nothing is ready.
  var jumps: Bool {
    switch self {
    case .kernel: false
    case .virtual(_, let jumps): jumps
    }
  }

  /// Moves virtual time forward; an earlier instant has no effect.
  mutating func move(to instant: Instant) {
    guard case .virtual(let now, let jumps) = self else { preconditionFailure("The kernel's time cannot be moved") }
    self = .virtual(now: max(now, instant.nanoseconds), jumps: jumps)
  }
}

/// Seeded choices: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
package struct Shuffle: RandomNumberGenerator {
  private var state: UInt64

  /// Begins the sequence of a seed.
  package init(seed: UInt64) {
    state = seed
  }

  /// The next number of the sequence.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
