import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

/// Random programs that use everything at once: tasks, timeouts, scopes, and all primitives.
///
/// The suite runs some hundreds of seeds. `EPOLLLOOP_SEEDS` is how many to run instead, `EPOLLLOOP_SEED` the one to
/// run and to tell about.
@Suite struct ToolboxSeedsTests {
  private static let parts: UInt64 = 4
  private static let seeds = number("EPOLLLOOP_SEEDS") ?? 200

  private struct Violation: Error, CustomStringConvertible { let description: String }

  private static func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  /// Runs one program.
  ///
  /// - Returns: What happened in it.
  /// - Throws: ``SeedFailure``, with the first rule that was broken.
  @discardableResult
  private static func run(_ seed: UInt64, isTold: Bool = false) async throws -> ToolboxLedger? {
    var ledger: ToolboxLedger?
    do {
      try await runUnderSeeds(seed..<seed + 1) { seed in
        let program = ToolboxProgram(seed: seed, isTold: isTold)
        ledger = program.ledger
        try await program.run()
        if let violation = program.ledger.violations.first { throw Violation(description: violation) }
      }
    } catch {
      if isTold { for line in ledger?.lines ?? [] { print(line) } }
      throw Violation(description: "\(error); \(ledger?.violations.prefix(3) ?? [])")
    }
    return ledger
  }

  @Test(arguments: 0..<parts)
  func `whatever tasks do with everything, nothing is lost, nothing comes twice, and nothing is left`(
    part: UInt64
  ) async throws {
    let (first, last) = (Self.seeds * part / Self.parts, Self.seeds * (part + 1) / Self.parts)
    let isLong = Self.seeds > 10_000
    var digest: UInt64 = 0
    for seed in first..<last {
      let ledger = try await Self.run(seed)
      digest = digest &* 31 &+ (ledger?.digest ?? 0)
      if seed % 32 == 0 {
        #expect(try await Self.run(seed)?.digest == ledger?.digest, "seed \(seed) is not always the same")
      }
      if isLong, (seed - first) % 5000 == 4999 { print("part \(part): \(seed - first + 1) of \(last - first) seeds") }
    }
    if isLong { print("part \(part): seeds \(first)..<\(last) hold; digest \(String(digest, radix: 16))") }
  }

  @Test func `the programs do all that can be done, and it goes well, is refused and is cancelled`() async throws {
    var counts = [[Int]](repeating: [0, 0, 0], count: ToolboxAct.allCases.count)
    for seed in 0..<40 as Range<UInt64> {
      for (act, ways) in (try await Self.run(seed)?.counts ?? []).enumerated() {
        for way in ways.indices { counts[act][way] += ways[way] }
      }
    }
    for act in ToolboxAct.allCases {
      let ways = counts[act.rawValue]
      #expect(ways[0] >= 10 && (ToolboxAct.unending.contains(act) || ways[2] >= 10), "\(act): \(ways)")
      #expect(!ToolboxAct.refusing.contains(act) || ways[1] >= 10, "\(act): \(ways)")
    }
  }

  @Test(.enabled(if: number("EPOLLLOOP_SEED") != nil)) func `one seed, in words`() async throws {
    try await Self.run(Self.number("EPOLLLOOP_SEED") ?? 0, isTold: true)
  }
}
