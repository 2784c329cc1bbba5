@testable import EpollLoop
import EpollLoopTesting
import Testing

/// Programs of tasks by seed, whose leftovers the run ends. It throws if then a task, waiter or timer is there.
@Suite struct RandomTreeTests {
  private static func run(_ seed: UInt64, shuffleSeed: UInt64?) async throws -> RandomTree {
    let tree = RandomTree()
    try await runOnLoop(shuffleSeed: shuffleSeed, endsLeftovers: true, allowsUnawaitedErrors: true) {
      _ = await gatherSettled(over: [seed]) { try await tree.run(seed: $0) }
    }
    return tree
  }

  @Test(arguments: 0..<8 as Range<UInt64>)
  func `whatever tasks do, each ends once, in its scope, and the same in each run`(part: UInt64) async throws {
    for seed in part * 50..<part * 50 + 50 {
      let tree = try await RandomTreeTests.run(seed, shuffleSeed: seed)
      let again = try await RandomTreeTests.run(seed, shuffleSeed: seed)
      guard tree.violations.isEmpty, tree.openBodies == 0, tree.trace == again.trace else {
        let difference = zip(tree.trace, again.trace).first { $0 != $1 }.map { "\($0)" } ?? "nowhere"
        Issue.record("seed \(seed): \(tree.violations), \(tree.openBodies) open, traces differ: \(difference)")
        continue
      }
    }
  }

  @Test func `the programs do all that tasks can do, and the seed of the order matters`() async throws {
    var done: [String: Int] = [:]
    var differences = 0
    for seed in 0..<100 as Range<UInt64> {
      let tree = try await RandomTreeTests.run(seed, shuffleSeed: nil)
      done.merge(tree.done) { $0 + $1 }
      if try await RandomTreeTests.run(seed, shuffleSeed: 1).trace != tree.trace { differences += 1 }
    }
    let all: Set = [
      "sleep", "yield", "throw", "swallow", "gather", "settle", "limit", "timeout", "join", "cancel", "cancelled",
      "drop",
    ]
    #expect(Set(done.keys) == all)
    #expect(done.values.allSatisfy { $0 >= 20 })
    #expect(differences >= 20)
  }
}
