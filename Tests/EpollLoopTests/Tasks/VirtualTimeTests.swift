import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct VirtualTimeTests {
  @Test func `Task.sleep follows the virtual clock to the nanosecond`() async throws {
    let order = try await runOnLoop {
      var order: [String] = []
      let start = ContinuousClock.now
      _ = try await gather(
        {
          try await Task.sleep(for: .nanoseconds(3_600_000_000_002))
          order.append("Task.sleep, later")
        },
        {
          try await sleep(for: .nanoseconds(3_600_000_000_001))
          order.append("sleep")
        },
        {
          try await Task.sleep(for: .nanoseconds(3_600_000_000_000))
          order.append("Task.sleep, sooner")
        })
      #expect(ContinuousClock.now - start == .nanoseconds(3_600_000_000_002))
      return order
    }
    #expect(order == ["Task.sleep, sooner", "sleep", "Task.sleep, later"])
  }

  @Test func `the kernel's clocks are back after the run`() async throws {
    try await runOnLoop { try await sleep(for: .seconds(1)) }
    #expect(ContinuousClock.now - ContinuousClock().systemEpoch > .seconds(2))
  }

  @Test func `one seed gives one trace, and another seed another`() async throws {
    func trace(_ seed: UInt64) async throws -> [Int] {
      try await runOnLoop(shuffleSeed: seed) {
        var trace: [Int] = []
        _ = try await gather(over: 0..<20) { number in
          await yield()
          trace.append(number)
          try await sleep(for: .milliseconds(number % 3))
          trace.append(number)
        }
        return trace
      }
    }
    #expect(try await trace(1) == trace(1))
    #expect(try await trace(1) != trace(2))
  }

  @Test func `the seed that fails is named`() async throws {
    struct Unlucky: Error {}
    let failure = await #expect(throws: SeedFailure.self) {
      try await runUnderSeeds(0..<10) { seed in if seed == 7 { throw Unlucky() } }
    }
    #expect(failure?.seed == 7)
  }
}
