import EpollLoopTesting
import Testing

@testable import EpollLoop

/// Durations that the clock cannot hold, for every public function that takes one.
@Suite struct DurationBoundaryTests {
  /// From more than the clock holds up to more than `Duration.components` holds.
  static let endless: [Duration] = [
    .nanoseconds(Int64.max), .seconds(Int64.max), .seconds(Int64.max) + .seconds(Int64.max), .seconds(1e19),
  ]
  static let past: [Duration] = [
    .nanoseconds(-1), .nanoseconds(Int64.min), .seconds(Int64.min), .seconds(Int64.min) + .seconds(Int64.min),
  ]

  @Test(arguments: endless) func `durations saturate`(_ endless: Duration) {
    #expect(endless.nanosecondsRoundedUp == .max)
    #expect((.zero - endless).nanosecondsRoundedUp <= .min + 1)
    #expect(Instant(nanoseconds: 5) + endless == .distantFuture)
    #expect(Instant(nanoseconds: -5) + (.zero - endless) == Instant(nanoseconds: .min))
  }

  /// Whether something still waits after 250 years; it is cancelled then.
  private func lasts(_ body: @escaping () async throws -> Void) async throws {
    let task = spawn { try await body() }
    try await sleep(for: .seconds(86_400 * 365 * 250))
    #expect(!task.isDone)
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(EventLoop.current.census.timers == 0)
  }

  @Test(arguments: endless) func `sleeps and intervals of an endless duration do not end`(_ endless: Duration)
    async throws
  {
    try await runOnLoop { try await lasts { try await sleep(for: endless) } }
    try await runOnLoop { try await lasts { try await Task.sleep(for: endless, clock: .loop) } }
    for missed in [MissedTicks.burst, .delay, .skip] {
      try await runOnLoop { try await lasts { for try await _ in every(endless, missed: missed) {} } }
    }
  }

  @Test(arguments: endless) func `Task.sleep of an endless duration does not end`(_ endless: Duration) async throws {
    do {
      try await runOnLoop {
        let task = spawn { try await Task.sleep(for: endless) }
        try await sleep(for: .seconds(86_400 * 365 * 250))
        #expect(!task.isDone)
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
      }
    } catch let leftovers as Leftovers {
      // A Task.sleep that is cancelled leaves its waiter.
      #expect(leftovers.census == LoopCensus(tasks: 0, waiters: 1, timers: 0, registrations: 0))
    }
  }

  @Test(arguments: endless) func `endless limits are none`(_ endless: Duration) async throws {
    try await runOnLoop { try await lasts { try await withTimeout(endless) { try await waitForever() } } }
    try await runOnLoop {
      #expect(try await withTimeout(endless) { 1 } == 1)
      #expect(try await retry(attempts: 1, attemptLimit: endless, within: endless) { $0 } == 1)
      #expect(try await race(over: [1], staggeredBy: endless) { $0 } == 1)
      let done = spawn {}
      #expect(try await wait(for: [done], timeout: endless).pending.isEmpty)
      let waiting = spawn { try await waitForever() }
      try await lasts { _ = try await wait(for: [waiting], timeout: endless) }
      waiting.cancel()
    }
  }

  @Test(arguments: endless) func `an endless backoff waits forever`(_ endless: Duration) async throws {
    let waits: [Backoff] = [
      .fixed(endless), .exponential(from: endless, upTo: endless),
      .random(in: endless...endless), .listed([endless]), .fixed(endless) + .fixed(endless),
      .fixed(.seconds(1)) + .fixed(endless).limited(to: endless),
    ]
    var random = Shuffle(seed: 1)
    #expect(Backoff.exponential(factor: 1e300, upTo: endless).wait(after: 9, using: &random) == .nanoseconds(Int64.max))
    for wait in waits {
      #expect(wait.jittered(.full).wait(after: 1_000_000, using: &random) >= .zero)
      #expect(wait.jittered(.equal).wait(after: 1_000_000, using: &random) >= .nanoseconds(Int64.max / 2))
      try await runOnLoop {
        try await lasts {
          try await retry(attempts: 2, wait: wait) { attempt in if attempt < 3 { throw Broken(number: attempt) } }
        }
      }
    }
  }

  @Test(arguments: endless) func `callbacks after an endless duration are never called`(_ endless: Duration)
    async throws
  {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      let scheduled = [
        loop.schedule(after: endless) { calls += 1 }, loop.schedule(every: endless) { calls += 1 },
        loop.schedule(after: .seconds(1)) { calls += 1 },
      ]
      scheduled[2].reschedule(after: endless)
      try await sleep(for: .seconds(86_400 * 365 * 250))
      #expect(calls == 0)
      for each in scheduled { each.cancel() }
    }
  }

  @Test(arguments: endless) func `endless periods of the others are taken as they are`(_ endless: Duration) async throws
  {
    try await runOnLoop {
      let loop = EventLoop.current
      loop.reportSlowTasks(over: endless)
      loop.reportSlowTasks(over: nil)
      var frames = 0
      let count = await withProgress("x", total: 2, style: .lines, every: endless, to: { _ in frames += 1 }) {
        $0.advance()
        return $0.count
      }
      #expect(count == 1)
      #expect(frames == 1)
      let pool = ThreadPool(maximumThreads: 1, idleTime: endless)
      let one = try await offload(on: pool) { 1 }
      #expect(one == 1)
    }
  }

  @Test(arguments: past) func `negative durations are due at once`(_ past: Duration) async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      try await sleep(for: .seconds(1))
      let start = loop.now
      var calls = 0
      try await sleep(for: past)
      try await Task.sleep(for: past, clock: .loop)
      loop.schedule(after: past) { calls += 1 }
      loop.schedule(after: .seconds(5)) { calls += 1 }.reschedule(after: past)
      try await sleep(for: .zero)
      #expect(calls == 2)
      await #expect(throws: TimeoutError.self) { try await withTimeout(past) { try await waitForever() } }
      let waiting = spawn { try await waitForever() }
      #expect(try await wait(for: [waiting], timeout: past).pending.count == 1)
      waiting.cancel()
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 5, within: past) { _ in try await waitForever() }
      }
      #expect(error?.reason == .time)
      #expect(try await race(over: [1, 2], staggeredBy: past) { $0 } == 1)
      #expect(loop.now == start)
    }
  }

  @Test func `on the kernel's clock the far past is due at once too`() async throws {
    try await runOnLoop(clock: .kernel) {
      for nanoseconds in [Int64.min, -1, 0, 1] { try await sleep(until: Instant(nanoseconds: nanoseconds)) }
      for duration in DurationBoundaryTests.past { try await sleep(for: duration) }
    }
  }

  @Test(arguments: endless) func `a server's endless grace waits for its handlers`(_ endless: Duration) async throws {
    try await runOnLoop(clock: .kernel) {
      let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
      var isServed = false
      let server = spawn {
        try await listener.serve(grace: endless) { connection in
          _ = try await connection.read()
          isServed = true
        }
      }
      let client = try await Connection.tcp(to: listener.localAddress)
      try await waitUntilAllBlocked()
      server.cancel()
      try await waitUntilAllBlocked()
      #expect(!isServed)
      try await client.write("x")
      await #expect(throws: CancellationError.self) { try await server.value }
      #expect(isServed)
      await client.close()
    }
  }
}
