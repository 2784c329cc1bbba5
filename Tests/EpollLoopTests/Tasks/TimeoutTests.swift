@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct TimeoutTests {
  @Test func `a value that comes in time is returned, and its timer is gone`() async throws {
    try await runOnLoop {
      let value = try await withTimeout(.seconds(10)) {
        try await sleep(for: .seconds(1))
        #expect(EventLoop.current.census.timers == 1)
        return 5
      }
      #expect(value == 5)
      #expect(EventLoop.current.census.timers == 0)
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
    }
  }

  @Test func `when the time is over the body is cancelled, and its end awaited`() async throws {
    try await runOnLoop {
      var hasEnded = false
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) {
          do { try await waitForever() } catch {
            for _ in 0..<10 { await yield() }
            hasEnded = true
            throw error
          }
        }
      }
      #expect(hasEnded)
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
      #expect(!Task.isCancelled)
    }
  }

  @Test func `a value that comes in spite of the cancel is returned`() async throws {
    try await runOnLoop {
      let value = try await withTimeout(.seconds(1)) {
        try? await waitForever()
        return "late"
      }
      #expect(value == "late")
    }
  }

  @Test func `an error of the body is thrown through, before the time and after it`() async throws {
    try await runOnLoop {
      await #expect(throws: Broken(number: 1)) {
        try await withTimeout(.seconds(1)) { throw Broken(number: 1) }
      }
      await #expect(throws: Broken(number: 2)) {
        try await withTimeout(.seconds(1)) {
          do { try await waitForever() } catch { throw Broken(number: 2) }
        }
      }
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `a body that throws CancellationError of itself has not timed out`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: CancellationError.self) {
        try await withTimeout(.seconds(1)) { throw CancellationError() }
      }
    }
  }

  @Test(arguments: [Duration.zero, .seconds(-1), .seconds(Int64.min)])
  func `no time at all cancels at the first wait, and not before`(limit: Duration) async throws {
    try await runOnLoop {
      try await sleep(for: .seconds(5))
      var reached: [String] = []
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(limit) {
          reached.append("started")
          try await waitForever()
          reached.append("went on")
        }
      }
      #expect(reached == ["started"])
      let value = try await withTimeout(limit) { "no wait" }
      #expect(value == "no wait")
    }
  }

  @Test func `an instant in the past cancels at the first wait`() async throws {
    try await runOnLoop {
      try await sleep(for: .seconds(5))
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(until: Instant(nanoseconds: 1)) { try await sleep(for: .zero) }
      }
    }
  }

  @Test func `no deadline is no limit, and no timer`() async throws {
    try await runOnLoop {
      let census = try await withTimeout(until: .distantFuture) { EventLoop.current.census }
      #expect(census.timers == 0)
      try await withTimeout(.seconds(Int64.max)) { try await sleep(for: .seconds(86_400 * 10_000)) }
    }
  }

  @Test func `work that is ready at the deadline wins`() async throws {
    try await runOnLoop {
      let value = try await withTimeout(.seconds(1)) {
        try await sleep(for: .seconds(1))
        return "just"
      }
      #expect(value == "just")
      let awaited = spawn {
        try await sleep(for: .seconds(1))
        return "other"
      }
      await yield()
      let other = try await withTimeout(.seconds(1)) { try await awaited.value }
      #expect(other == "other")
    }
  }

  @Test func `two runs of one timeout do not disturb each other`() async throws {
    try await runOnLoop {
      let results = await gatherSettled(over: 1...10) { seconds in
        try await withTimeout(.milliseconds(5500)) {
          try await sleep(for: .seconds(seconds))
          return seconds
        }
      }
      let values = results.compactMap { try? $0.get() }
      #expect(values == [1, 2, 3, 4, 5])
      #expect(EventLoop.current.now == Instant(nanoseconds: 5_500_000_000))
    }
  }
}

/// Timeouts in each other, and cancellation from outside.
@Suite struct NestedTimeoutTests {
  /// Runs a wait of 100 s in two timeouts and says which of them fired; the outer knows of the inner.
  private static func fired(outer: Duration, inner: Duration) async -> [String] {
    var trace: [String] = []
    do {
      try await withTimeout(outer) {
        do {
          try await withTimeout(inner) { try await sleep(for: .seconds(100)) }
        } catch let error as TimeoutError {
          trace.append("inner \(error.timeout == inner)")
        } catch is CancellationError {
          trace.append("inner cancelled")
          throw CancellationError()
        }
      }
      trace.append("outer in time")
    } catch let error as TimeoutError {
      trace.append("outer \(error.timeout == outer)")
    } catch {
      trace.append("outer: \(error)")
    }
    return trace
  }

  @Test func `the inner timeout fires and the outer does not see it`() async throws {
    try await runOnLoop {
      let trace = await NestedTimeoutTests.fired(outer: .seconds(2), inner: .seconds(1))
      #expect(trace == ["inner true", "outer in time"])
    }
  }

  @Test func `the outer timeout fires, and the inner one passes the cancel on`() async throws {
    try await runOnLoop {
      let trace = await NestedTimeoutTests.fired(outer: .seconds(1), inner: .seconds(2))
      #expect(trace == ["inner cancelled", "outer true"])
    }
  }

  @Test func `if both fire at one instant, the outer one counts`() async throws {
    try await runOnLoop {
      let trace = await NestedTimeoutTests.fired(outer: .seconds(1), inner: .seconds(1))
      #expect(trace == ["inner cancelled", "outer true"])
    }
  }

  @Test func `the outer timeout fires while the inner one's body cleans up`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(2)) {
          try? await withTimeout(.seconds(1)) {
            do { try await waitForever() } catch {
              // A task of its own is not cancelled: the clean-up takes until after the outer deadline.
              let executor = EventLoop.current.taskExecutor
              _ = await Task(executorPreference: executor) { try await sleep(for: .seconds(2)) }.result
              throw error
            }
          }
          try await waitForever()
        }
      }
      #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
    }
  }

  @Test func `a cancel from outside reaches the body and is not taken for a timeout`() async throws {
    try await runOnLoop {
      var inside = ""
      let task = spawn {
        try await withTimeout(.seconds(10)) {
          do { try await waitForever() } catch {
            inside = "\(type(of: error))"
            throw error
          }
        }
      }
      try await sleep(for: .seconds(1))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(inside == "CancellationError")
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `a cancel from outside after the timeout is not swallowed`() async throws {
    try await runOnLoop {
      let task = spawn {
        try await withTimeout(.seconds(1)) {
          do { try await waitForever() } catch {
            for _ in 0..<10 { await yield() }
            throw error
          }
        }
      }
      try await sleep(for: .seconds(1))
      await yield()
      await yield()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `a cancel and a timeout of one instant end as a cancel, and nothing waits on`() async throws {
    try await runOnLoop {
      let deadline = EventLoop.current.now + .seconds(1)
      var wasCancelled = false
      let task = spawn {
        try? await withTimeout(until: deadline) { try await waitForever() }
        wasCancelled = Task.isCancelled
        try await waitForever()
      }
      try await sleep(until: deadline)
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(wasCancelled)
    }
  }

  @Test func `a timeout around a gather cancels every child`() async throws {
    try await runOnLoop {
      var cancelled = 0
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) {
          try await gather(over: 0..<100) { _ in
            do { try await waitForever() } catch {
              cancelled += 1
              throw error
            }
          }
        }
      }
      #expect(cancelled == 100)
    }
  }
}
