import EpollLoop
import EpollLoopTesting
import Glibc
import Testing

/// Random programs of writers, readers, cancels, half-closes, closes and resets on pairs in memory.
///
/// The suite runs some hundreds of seeds; `EPOLLLOOP_SEEDS` is how many to run instead. A seed is always the same.
@Suite struct MemoryStreamSeedsTests {
  private static let parts: UInt64 = 4
  private static let seeds = getenv("EPOLLLOOP_SEEDS").flatMap { UInt64(String(cString: $0)) } ?? 400
  /// The number of programs at once: what one waits for the others use.
  private static let atOnce = 16

  private static func run(_ seeds: [UInt64], shuffleSeed: UInt64? = nil) async throws -> [StreamCounts] {
    let counts = try await runOnLoop(shuffleSeed: shuffleSeed) {
      try await gather(over: seeds, limit: atOnce) { seed in
        do {
          return try await StreamProgram(seed).runInMemory()
        } catch {
          throw StreamViolation(description: "seed \(seed): \(error)")
        }
      }
    }
    return counts.flatMap { $0 }
  }

  @Test(arguments: 0..<parts)
  func `whatever tasks do with a stream in memory, every byte is accounted for`(part: UInt64) async throws {
    let seeds = Array(Self.seeds * part / Self.parts..<Self.seeds * (part + 1) / Self.parts)
    // Half of them in an order of ready tasks that is not that of their coming.
    _ = try await Self.run(seeds, shuffleSeed: part % 2 == 0 ? nil : part)
  }

  @Test func `the programs do all that can be done, and it goes well, fails and is cancelled`() async throws {
    let counts = try await Self.run(Array(0..<200))
    for (index, kind) in StreamCounts().all.enumerated() {
      let sum = counts.reduce(0) { $0 + $1.all[index].count }
      #expect(sum >= 3, "\(kind.name): \(sum)")
    }
  }
}
