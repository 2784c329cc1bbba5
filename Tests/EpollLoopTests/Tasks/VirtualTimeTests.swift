import EpollLoop
@testable import EpollLoopTesting
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

  @TaskLocal static var place = "nowhere"

  @Test func `bodies and what they spawn have the caller's task-local values`() async throws {
    func places() async throws -> [String] {
      [Self.place, try await spawn { Self.place }.value]
    }
    let (tested, own) = try await Self.$place.withValue("here") {
      (try await runOnLoop { try await places() }, try await withLoop { loop in Self.place })
    }
    #expect(tested == ["here", "here"])
    #expect(own == "here")
  }

  @Test func `the seed of a failing expectation is named once`() async throws {
    let comments = Mailbox<String>()
    try await withKnownIssue {
      try await namingSeed(7) {
        #expect(Bool(false), "one")
        #expect(Bool(false), "other")
      }
    } matching: { issue in
      for comment in issue.comments { comments.put(comment.rawValue) }
      return true
    }
    let texts = comments.all
    #expect(texts.filter { $0.contains("runOnLoop(shuffleSeed: 7)") }.count == 1)
    #expect(texts.contains("one") && texts.contains("other"))
  }
}
