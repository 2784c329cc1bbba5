import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct IntervalTimerTests {
  @Test func `an interval ticks after each period and says when it was due`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var times: [Int64] = []
      for try await due in every(.seconds(3)) {
        #expect(due == loop.now)
        times.append(due.nanoseconds / 1_000_000_000)
        if times.count == 3 { break }
      }
      #expect(times == [3, 6, 9])
    }
  }

  @Test(arguments: [
    (MissedTicks.burst, [10, 20, 30, 40, 50, 60] as [Int64], [10, 55, 55, 55, 55, 60] as [Int64]),
    (.delay, [10, 20, 65, 75, 85, 95], [10, 55, 65, 75, 85, 95]),
    (.skip, [10, 20, 60, 70, 80, 90], [10, 55, 60, 70, 80, 90]),
  ])
  func `a body that is late makes up, counts anew, or leaves out`(
    _ missed: MissedTicks, _ due: [Int64], _ given: [Int64]
  ) async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var (dues, times): ([Int64], [Int64]) = ([], [])
      for try await tick in every(.milliseconds(10), missed: missed) {
        dues.append(tick.nanoseconds / 1_000_000)
        times.append(loop.now.nanoseconds / 1_000_000)
        // The first body takes 45 ms in one go: the tick that was due meanwhile is given late.
        if dues.count == 1 { LoopCore.current.clock = .virtual(now: 55_000_000) }
        if dues.count == 6 { break }
      }
      #expect(dues == due)
      #expect(times == given)
    }
  }

  @Test(arguments: [
    (MissedTicks.burst, [300, 600, 900] as [Int64], [350, 600, 900] as [Int64]),
    (.delay, [300, 650, 950], [350, 650, 950]),
    (.skip, [300, 600, 900], [350, 600, 900]),
  ])
  func `a tick that is late by less than a period puts off the next ones only if they count from it`(
    _ missed: MissedTicks, _ due: [Int64], _ given: [Int64]
  ) async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var (dues, times): ([Int64], [Int64]) = ([], [])
      // Just before the first tick something keeps the loop busy for 50 ns.
      loop.schedule(at: Instant(nanoseconds: 300)) { LoopCore.current.clock = .virtual(now: 350) }
      for try await tick in every(.nanoseconds(300), missed: missed) {
        dues.append(tick.nanoseconds)
        times.append(loop.now.nanoseconds)
        if dues.count == 3 { break }
      }
      #expect(dues == due)
      #expect(times == given)
    }
  }

  @Test func `a cancelled interval ends, and leaves no timer`() async throws {
    try await runOnLoop {
      var ticks = 0
      let task = spawn { for try await _ in every(.seconds(1)) { ticks += 1 } }
      try await sleep(for: .milliseconds(2_500))
      task.cancel()
      #expect(EventLoop.current.census.timers == 0)
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(ticks == 2)
    }
  }

  @Test func `an interval that starts at once gives its first tick now`() async throws {
    try await runOnLoop {
      var times: [Int64] = []
      for try await due in every(.seconds(3), immediately: true) {
        times.append(due.nanoseconds / 1_000_000_000)
        if times.count == 3 { break }
      }
      #expect(times == [0, 3, 6])
    }
  }

  @Test func `a reset counts anew, whatever was missed`() async throws {
    try await runOnLoop {
      var ticks = every(.seconds(10)).makeAsyncIterator()
      try await sleep(for: .seconds(35))
      ticks.reset()
      let first = try await ticks.next()
      let second = try await ticks.next()
      #expect(first == Instant(nanoseconds: 45_000_000_000))
      #expect(second == Instant(nanoseconds: 55_000_000_000))
    }
  }

  @Test func `a period of zero and less traps`() async {
    await #expect(processExitsWith: .failure) { _ = every(.zero) }
    await #expect(processExitsWith: .failure) { _ = every(.seconds(-1)) }
  }

  @Test func `what is not a number is no duration`() async {
    await #expect(processExitsWith: .failure) { _ = Duration.seconds(Double.nan) }
  }
}
