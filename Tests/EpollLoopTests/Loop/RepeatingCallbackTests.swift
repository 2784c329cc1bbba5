import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct RepeatingCallbackTests {
  @Test func `a repeating callback comes first after one period, then at each multiple`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let start = loop.now
      var times: [Duration] = []
      let scheduled = loop.schedule(every: .seconds(3)) { times.append(loop.now - start) }
      try await sleep(for: .seconds(10))
      scheduled.cancel()
      #expect(times == [.seconds(3), .seconds(6), .seconds(9)])
    }
  }

  @Test(arguments: [
    (MissedTicks.burst, [50, 50, 50, 50, 50, 60] as [Int64]), (.delay, [50, 60]), (.skip, [50, 60]),
  ])
  func `a late one makes up, counts anew, or leaves out`(_ missed: MissedTicks, _ expected: [Int64]) async throws {
    // The calls at 10, 20, 30, 40 and 50 ms are late: the first one is made at 50.
    #expect(try await times(missed, lateUntil: 50, end: 65) == expected)
  }

  @Test(arguments: [
    (MissedTicks.burst, [55, 55, 55, 55, 55, 60, 70] as [Int64]), (.delay, [55, 65]), (.skip, [55, 60, 70]),
  ])
  func `between two multiples too`(_ missed: MissedTicks, _ expected: [Int64]) async throws {
    #expect(try await times(missed, lateUntil: 55, end: 72) == expected)
  }

  /// When a callback of 10 ms is called whose loop was busy until an instant, in ms.
  private func times(_ missed: MissedTicks, lateUntil: Int64, end: Int64) async throws -> [Int64] {
    try await runOnLoop {
      let loop = EventLoop.current
      let core = LoopCore.current
      var times: [Int64] = []
      var polls: [Int] = []
      let scheduled = loop.schedule(every: .milliseconds(10), missed: missed) {
        times.append(loop.now.nanoseconds / 1_000_000)
        polls.append(loop.statistics.polls)
      }
      // A job that keeps the loop busy: the clock moves and nobody looks at the timers.
      core.clock = .virtual(now: lateUntil * 1_000_000)
      try await sleep(until: Instant(nanoseconds: end * 1_000_000))
      scheduled.cancel()
      #expect(Set(polls).count == polls.count, "two calls in one tick")
      return times
    }
  }

  @Test(arguments: [
    (MissedTicks.burst, [350, 600, 900] as [Int64]), (.delay, [350, 650, 950]), (.skip, [350, 600, 900]),
  ])
  func `one that is late by less than a period puts off the next ones only if they count from it`(
    _ missed: MissedTicks, _ expected: [Int64]
  ) async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var times: [Int64] = []
      // Just before the first call something keeps the loop busy for 50 ns.
      loop.schedule(at: Instant(nanoseconds: 300)) { LoopCore.current.clock = .virtual(now: 350) }
      let scheduled = loop.schedule(every: .nanoseconds(300), missed: missed) { times.append(loop.now.nanoseconds) }
      try await sleep(until: Instant(nanoseconds: 1_000))
      scheduled.cancel()
      #expect(times == expected)
    }
  }

  @Test func `the time that a call takes does not put off the next one, even if they count from it`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var times: [Int64] = []
      let scheduled = loop.schedule(every: .nanoseconds(300), missed: .delay) {
        times.append(loop.now.nanoseconds)
        LoopCore.current.clock = .virtual(now: loop.now.nanoseconds + 40)
      }
      try await sleep(until: Instant(nanoseconds: 1_000))
      scheduled.cancel()
      #expect(times == [300, 600, 900])
    }
  }

  @Test func `the next instant saturates`() {
    for missed in [MissedTicks.burst, .delay, .skip] {
      #expect(missed.next(after: .max - 5, given: .max - 5, period: 10, now: 0) == .max)
      #expect(missed.next(after: 0, given: 0, period: .max, now: 0) == .max)
    }
    #expect(MissedTicks.delay.next(after: 0, given: 0, period: 10, now: .max - 5) == .max)
    #expect(MissedTicks.skip.next(after: 0, given: 0, period: 10, now: .max - 5) == .max)
    #expect(MissedTicks.burst.next(after: 0, given: 0, period: 10, now: .max - 5) == 10)
  }

  @Test func `a skipped tick stays a multiple and comes after now`() {
    var random = Shuffle(seed: 6)
    for _ in 0..<10_000 {
      let period = Int64.random(in: 1...1_000, using: &random)
      let last = Int64.random(in: 0...1_000, using: &random)
      let now = Int64.random(in: 0...1_000_000, using: &random)
      let next = MissedTicks.skip.next(after: last, given: last, period: period, now: now)
      precondition((next - last) % period == 0 && next > last)
      precondition(next > now && (next - period <= now || next == last + period))
    }
  }

  @Test func `a period of distant future never comes`() async throws {
    try await runOnLoop {
      let scheduled = EventLoop.current.schedule(every: .seconds(Int64.max)) { Issue.record("too early") }
      try await sleep(for: .seconds(1_000_000_000))
      scheduled.cancel()
    }
  }

  @Test(arguments: [MissedTicks.burst, .skip])
  func `the shortest period starves nothing`(_ missed: MissedTicks) async throws {
    try await runOnLoop(clock: .kernel) {
      let loop = EventLoop.current
      var calls = 0
      let scheduled = loop.schedule(every: .nanoseconds(1), missed: missed) { calls += 1 }
      try await sleep(for: .milliseconds(1))
      for _ in 0..<3 { await yield() }
      scheduled.cancel()
      #expect(calls > 0)
    }
  }

  @Test func `a period of zero traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop { _ = EventLoop.current.schedule(every: .zero) {} }
    }
  }
}
