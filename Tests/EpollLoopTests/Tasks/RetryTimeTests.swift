import EpollLoop
import EpollLoopTesting
import Testing

/// Limits on the time of one attempt and of all, and cancellation.
@Suite struct RetryTimeTests {
  @Test func `an attempt that takes too long is cancelled, has failed, and the next one is made`() async throws {
    try await runOnLoop {
      var cancelled = 0
      let value = try await retry(attempts: 3, wait: .fixed(.seconds(10)), attemptLimit: .seconds(1)) { attempt in
        do {
          if attempt < 3 { try await waitForever() }
          return attempt
        } catch {
          cancelled += 1
          throw error
        }
      }
      #expect(value == 3)
      #expect(cancelled == 2)
      #expect(EventLoop.current.now == Instant(nanoseconds: 22_000_000_000))
    }
  }

  @Test func `an attempt that has timed out is an error as others are`() async throws {
    try await runOnLoop {
      await #expect(throws: TimeoutError.self) {
        try await retry(attempts: 3, attemptLimit: .seconds(1), if: { !($0 is TimeoutError) }) { _ in
          try await waitForever()
        }
      }
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 2, attemptLimit: .seconds(1)) { _ in try await waitForever() }
      }
      #expect(error?.lastError is TimeoutError)
      #expect(error?.reason == .attempts)
    }
  }

  @Test(arguments: [(Int64(31), 3), (30, 2), (29, 2)])
  func `a wait that would reach the end of all time is not begun`(limit: Int64, attempts: Int) async throws {
    try await runOnLoop {
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 10, wait: .exponential(from: .seconds(10)), within: .seconds(limit)) {
          throw Broken(number: $0)
        }
      }
      #expect(error?.reason == .time)
      #expect(error?.attempts == attempts)
      #expect(error?.elapsed == (attempts == 3 ? .seconds(30) : .seconds(10)))
      #expect(error?.lastError as? Broken == Broken(number: attempts))
    }
  }

  @Test func `an attempt is cut off when the time for all is over, whatever may be retried`() async throws {
    try await runOnLoop {
      for isRetried in [true, false] {
        let start = EventLoop.current.now
        let error = await #expect(throws: RetryError.self) {
          try await retry(
            attempts: 5, wait: .fixed(.seconds(1)), attemptLimit: .seconds(4), within: .seconds(7),
            if: { _ in isRetried || EventLoop.current.now - start < .seconds(7) }
          ) { _ in try await waitForever() }
        }
        #expect(error?.reason == .time)
        #expect(error?.attempts == 2)
        #expect(error?.elapsed == .seconds(7))
        #expect(error?.lastError is TimeoutError)
      }
    }
  }

  @Test(arguments: [Duration.zero, .seconds(-1)])
  func `no time for all cancels the first attempt at its first wait`(limit: Duration) async throws {
    try await runOnLoop {
      let value = try await retry(attempts: 2, within: limit) { _ in "at once" }
      #expect(value == "at once")
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 2, within: limit) { _ in try await sleep(for: .zero) }
      }
      #expect(error?.attempts == 1)
      #expect(error?.reason == .time)
    }
  }

  @Test func `endless limits are none and set no timer`() async throws {
    try await runOnLoop {
      let timers = try await retry(
        attempts: 2, wait: .fixed(.seconds(3)), attemptLimit: .seconds(Int64.max), within: .seconds(Int64.max)
      ) { attempt in
        if attempt == 1 { throw Broken() }
        return EventLoop.current.census.timers
      }
      #expect(timers == 0)
    }
  }

  @Test func `an endless wait without a limit on all of it only ends by a cancel`() async throws {
    try await runOnLoop {
      let task = spawn {
        try await retry(attempts: 2, wait: .fixed(.seconds(Int64.max))) { _ in throw Broken() }
      }
      try await sleep(for: .seconds(1_000_000_000))
      #expect(!task.isDone)
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `an error of the attempt's own, thrown after the time, is the last error`() async throws {
    try await runOnLoop {
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 3, within: .seconds(1)) { _ in
          do { try await waitForever() } catch { throw Broken(number: 7) }
        }
      }
      #expect(error?.reason == .time)
      #expect(error?.lastError as? Broken == Broken(number: 7))
    }
  }

  @Test(arguments: [nil, Duration.seconds(60)])
  func `a task that is cancelled in an attempt makes no other`(limit: Duration?) async throws {
    try await runOnLoop {
      var made = 0
      let task = spawn {
        try await retry(attempts: 5, attemptLimit: limit) { _ in
          made += 1
          try await waitForever()
        }
      }
      try await sleep(for: .seconds(1))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(made == 1)
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `a task that is cancelled in a wait makes no other attempt and leaves no timer`() async throws {
    try await runOnLoop {
      var made = 0
      let task = spawn {
        try await retry(attempts: 5, wait: .fixed(.seconds(10))) { _ in
          made += 1
          throw Broken()
        }
      }
      try await sleep(for: .seconds(1))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(made == 1)
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `another error of a cancelled task is thrown as it is`() async throws {
    try await runOnLoop {
      var made = 0
      let task = spawn {
        try await retry(attempts: 5) { _ in
          made += 1
          do { try await waitForever() } catch { throw Broken(number: 2) }
        }
      }
      await yield()
      task.cancel()
      await #expect(throws: Broken(number: 2)) { try await task.value }
      #expect(made == 1)
    }
  }

  @Test func `an attempt that is cancelled by others is not retried`() async throws {
    try await runOnLoop {
      var made = 0
      let other = spawn { try await waitForever() }
      spawn { other.cancel() }
      await #expect(throws: CancellationError.self) {
        try await retry(attempts: 5) { _ in
          made += 1
          try await other.value
        }
      }
      #expect(made == 1)
    }
  }

  @Test func `a task that is cancelled before makes no attempt`() async throws {
    try await runOnLoop {
      var made = 0
      let task = spawn {
        _ = try? await waitForever()
        try await retry(attempts: 5) { _ in made += 1 }
      }
      await yield()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(made == 0)
    }
  }

  @Test(arguments: [nil, Duration.seconds(1), .seconds(60)])
  func `a timeout outside ends it, and its error comes through`(limit: Duration?) async throws {
    try await runOnLoop {
      var made = 0
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(5)) {
          try await retry(attempts: 100, wait: .fixed(.seconds(1)), attemptLimit: limit) { _ in
            made += 1
            try await waitForever()
          }
        }
      }
      #expect(made == (limit == .seconds(1) ? 3 : 1))
      #expect(EventLoop.current.now == Instant(nanoseconds: 5_000_000_000))
    }
  }

  @Test func `a value that comes in spite of a cancel is returned`() async throws {
    try await runOnLoop {
      let task = spawn {
        try await retry(attempts: 5, attemptLimit: .seconds(9)) { attempt in
          try? await waitForever()
          return attempt
        }
      }
      await yield()
      await yield()
      task.cancel()
      let value = try await task.value
      #expect(value == 1)
    }
  }
}
