import EpollLoop
import EpollLoopTesting
import Glibc
import Testing

/// Random programs of writers, readers, cancels, half-closes, closes and resets on real sockets.
///
/// The suite runs some hundreds of seeds. `EPOLLLOOP_SEEDS` is how many to run instead, `EPOLLLOOP_SEED` the one to
/// run, many times: the kernel has a part in what happens, so that a seed is not always the same.
@Suite struct StreamSeedsTests {
  private static let parts: UInt64 = 4
  private static let seeds = number("EPOLLLOOP_SEEDS") ?? 600
  /// The number of programs at once: what one waits for the others use.
  private static let atOnce = 16

  private static func number(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  /// Runs programs, and returns what they have seen.
  @discardableResult
  private static func run(_ seeds: [UInt64], shuffleSeed: UInt64? = nil) async throws -> [StreamCounts] {
    let sockets = Sockets()
    let counts = try await runOnLoop(clock: .kernel, shuffleSeed: shuffleSeed) {
      try await gather(over: seeds, limit: atOnce) { seed in
        do {
          return try await withTimeout(.seconds(30)) { try await StreamProgram(seed).run(on: sockets) }
        } catch {
          throw StreamViolation(description: "seed \(seed): \(error)")
        }
      }
    }
    #expect(sockets.open.isEmpty, "A socket was left open")
    return counts.flatMap { $0 }
  }

  @Test(arguments: 0..<parts)
  func `whatever tasks do with a connection, every byte is accounted for`(part: UInt64) async throws {
    let seeds = Array(Self.seeds * part / Self.parts..<Self.seeds * (part + 1) / Self.parts)
    // Half of them in an order of ready tasks that is not that of their coming.
    try await Self.run(seeds, shuffleSeed: part % 2 == 0 ? nil : part)
  }

  @Test func `the programs do all that can be done, and it goes well, fails and is cancelled`() async throws {
    let counts = try await Self.run(Array(0..<300))
    for (index, kind) in StreamCounts().all.enumerated() where kind.name != "closesTimedOut" {
      let sum = counts.reduce(0) { $0 + $1.all[index].count }
      #expect(sum >= 5, "\(kind.name): \(sum)")
    }
  }

  @Test(.enabled(if: number("EPOLLLOOP_SEED") != nil)) func `one seed, many times`() async throws {
    try await Self.run([UInt64](repeating: Self.number("EPOLLLOOP_SEED") ?? 0, count: 500))
  }
}
