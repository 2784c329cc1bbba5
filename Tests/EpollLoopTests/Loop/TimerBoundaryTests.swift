import EpollLoopTesting
import Testing

@testable import EpollLoop

/// The edges of time, for everything that waits for an instant.
@Suite struct TimerBoundaryTests {
  /// 2^48 milliseconds: where some timers of other systems wrap around.
  private static let wide = Duration.milliseconds(1 << 48)

  @Test func `two to the forty-eighth milliseconds are more than the clock holds, and never come early`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      let scheduled = loop.schedule(after: Self.wide) { calls += 1 }
      let sleeper = spawn { try await sleep(for: Self.wide) }
      try await sleep(for: .seconds(86_400 * 365 * 250))
      #expect(calls == 0)
      #expect(!sleeper.isDone)
      scheduled.cancel()
      sleeper.cancel()
      await #expect(throws: CancellationError.self) { try await sleeper.value }
    }
  }

  @Test func `a deadline just before the distant future comes, and that one does not`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      let last = Instant(nanoseconds: .max - 1)
      loop.schedule(at: last) { calls += 1 }
      try await sleep(until: last)
      #expect(calls == 1)
      #expect(loop.now == last)
      // From here on every delay ends in the distant future.
      let never = loop.schedule(after: .nanoseconds(1)) { calls += 1 }
      #expect(loop.census.timers == 0)
      never.cancel()
    }
  }

  @Test func `instants of the past come in their order, in the next tick`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      try await sleep(for: .seconds(10))
      var order: [Int64] = []
      for nanoseconds in [5, .min, 10_000_000_000, 0, -1, 5, .min + 1] as [Int64] {
        loop.schedule(at: Instant(nanoseconds: nanoseconds)) { order.append(nanoseconds) }
      }
      let polls = loop.statistics.polls
      while order.count < 7 { await yield() }
      #expect(order == [.min, .min + 1, -1, 0, 5, 5, 10_000_000_000])
      #expect(loop.statistics.polls == polls + 1)
      #expect(loop.now.nanoseconds == 10_000_000_000)
    }
  }

  @Test func `a hundred thousand equal deadlines come in the order of their creation`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let end = loop.now + .seconds(1)
      var next = 0
      var isInOrder = true
      for number in 0..<100_000 {
        loop.schedule(at: end) {
          isInOrder = isInOrder && number == next
          next += 1
        }
      }
      try await sleep(until: end)
      #expect(next == 100_000)
      #expect(isInOrder)
    }
  }

  @Test func `ready work runs although a far timer is pending`() async throws {
    try await runOnLoop(clock: .kernel) {
      let loop = EventLoop.current
      let far = loop.schedule(after: .seconds(86_400 * 365)) { Issue.record("a year has not passed") }
      var calls = 0
      for _ in 0..<1_000 { loop.soon { calls += 1 } }
      _ = try await gather(over: 0..<1_000) { _ in await yield() }
      try await sleep(for: .milliseconds(1))
      #expect(calls == 1_000)
      far.cancel()
    }
  }

  @Test func `the clock jumps only when nothing is ready`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var called: Instant?
      loop.schedule(after: .seconds(1)) { called = loop.now }
      for _ in 0..<10_000 { await yield() }
      #expect(loop.now.nanoseconds == 0)
      #expect(called == nil)
      try await sleep(for: .seconds(2))
      #expect(called == Instant(nanoseconds: 1_000_000_000))
    }
  }
}

/// `Task.sleep` on a loop of its own, with the same edges.
@Suite struct TaskSleepTimerTests {
  private func instant(_ nanoseconds: Int64) -> ContinuousClock.Instant {
    ContinuousClock().systemEpoch.advanced(by: .nanoseconds(nanoseconds))
  }

  @Test(arguments: [Duration.zero, .nanoseconds(-1), .seconds(-1_000_000_000)])
  func `zero and negative take no time and let ready work go first`(_ duration: Duration) async throws {
    try await runOnLoop {
      var order: [String] = []
      spawn { order.append("ready") }
      try await Task.sleep(for: duration)
      order.append("slept")
      #expect(order == ["ready", "slept"])
      #expect(EventLoop.current.now.nanoseconds == 0)
    }
  }

  @Test func `instants of the past take no time`() async throws {
    try await runOnLoop {
      try await sleep(for: .seconds(10))
      for nanoseconds in [0, 9_999_999_999, 10_000_000_000, -5_000_000_000] as [Int64] {
        try await Task.sleep(until: self.instant(nanoseconds), clock: .continuous)
      }
      #expect(EventLoop.current.now.nanoseconds == 10_000_000_000)
    }
  }

  @Test func `a huge sleep does not end early, and its cancel ends it`() async throws {
    try await runOnLoop {
      let task = spawn { try await Task.sleep(for: .seconds(9_000_000_000)) }
      try await sleep(for: .seconds(86_400 * 365 * 100))
      #expect(!task.isDone)
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      // Its timer stays until it is due.
      #expect(EventLoop.current.census.timers == 1)
      try await sleep(until: Instant(nanoseconds: .max - 1))
    }
  }

  @Test func `equal deadlines come in the order of creation, as of callbacks and sleeps`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let end = loop.now + .seconds(1)
      var order: [Int] = []
      for round in 0..<30 {
        if round % 2 == 0 {
          loop.schedule(at: end) { order.append(round) }
        } else {
          spawn {
            try await Task.sleep(until: self.instant(end.nanoseconds), clock: .continuous)
            order.append(round)
          }
          for _ in 0..<3 { await yield() }
        }
      }
      #expect(loop.census.timers == 30)
      try await sleep(until: end + .milliseconds(1))
      // Each kind is in order; a Task.sleep takes a turn of the runtime's own after its timer.
      #expect(order.filter { $0 % 2 == 0 } == (0..<30).filter { $0 % 2 == 0 })
      #expect(order.filter { $0 % 2 == 1 } == (0..<30).filter { $0 % 2 == 1 })
    }
  }

  @Test func `deadlines a nanosecond apart are told apart`() async throws {
    try await runOnLoop {
      var order: [String] = []
      let end: Int64 = 1_000_000_000
      let later = spawn {
        try await Task.sleep(until: self.instant(end + 1), clock: .continuous)
        order.append("Task.sleep")
      }
      await yield()
      let sooner = spawn {
        try await sleep(until: Instant(nanoseconds: end))
        order.append("sleep")
      }
      try await later.value
      try await sooner.value
      #expect(order == ["sleep", "Task.sleep"])
    }
  }
}
