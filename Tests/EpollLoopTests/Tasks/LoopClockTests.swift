import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct LoopClockTests {
  /// Generic code, which has no word of a loop.
  private func wait<C: Clock>(_ duration: C.Duration, on clock: C) async throws -> C.Duration {
    let start = clock.now
    try await clock.sleep(until: start.advanced(by: duration), tolerance: nil)
    return start.duration(to: clock.now)
  }

  private func waitForAny(_ clock: some Clock<Duration>) async throws -> Duration {
    try await clock.measure { try await clock.sleep(for: .seconds(86_400)) }
  }

  @Test func `generic code runs on virtual time`() async throws {
    try await runOnLoop {
      let passed = try await wait(.seconds(3600), on: LoopClock())
      #expect(passed == .seconds(3600))
      #expect(try await waitForAny(.loop) == .seconds(86_400))
      #expect(EventLoop.current.now == Instant(nanoseconds: 90_000_000_000_000))
    }
  }

  @Test func `generic code runs on the kernel's clock, never early`() async throws {
    try await runOnLoop(clock: .kernel) {
      let passed = try await wait(.microseconds(50), on: LoopClock())
      #expect(passed >= .microseconds(50))
    }
  }

  @Test func `Task.sleep takes the loop's clock`() async throws {
    try await runOnLoop {
      let clock = LoopClock()
      try await Task.sleep(until: clock.now.advanced(by: .seconds(5)), tolerance: .seconds(1), clock: clock)
      #expect(clock.now == Instant(nanoseconds: 5_000_000_000))
      try await Task.sleep(for: .seconds(6), clock: .loop)
      #expect(clock.now == Instant(nanoseconds: 11_000_000_000))
    }
  }

  @Test func `a manual clock moves generic code too`() async throws {
    try await runOnLoop(clock: .manual) {
      let task = spawn { try await LoopClock().sleep(for: .seconds(5)) }
      try await advance(by: .seconds(4))
      #expect(!task.isDone)
      try await advance(by: .seconds(1))
      #expect(task.isDone)
    }
  }

  @Test func `a cancelled sleep on the loop's clock leaves no timer`() async throws {
    try await runOnLoop {
      let task = spawn { try await Task.sleep(for: .seconds(5), clock: .loop) }
      try await sleep(for: .seconds(1))
      task.cancel()
      #expect(EventLoop.current.census.timers == 0)
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
    }
  }

  @Test func `instants of the loop's clock saturate`() {
    let start = Instant(nanoseconds: 5)
    #expect(start.advanced(by: .seconds(Int64.max)) == .distantFuture)
    #expect(start.advanced(by: .nanoseconds(-7)) == Instant(nanoseconds: -2))
    #expect(start.duration(to: Instant(nanoseconds: 8)) == .nanoseconds(3))
    #expect(start.duration(to: Instant(nanoseconds: 2)) == .nanoseconds(-3))
    #expect(LoopClock().minimumResolution == .nanoseconds(1))
  }

  @Test func `off a loop the clock traps and names the rule`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LoopClock().now
    }
    #expect(names("No event loop runs on this thread", result))
  }
}
