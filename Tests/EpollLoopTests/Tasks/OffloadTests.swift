@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct OffloadTests {
  @Test func `a value crosses from another thread`() async throws {
    try await runOnLoop {
      let core = LoopBound((), LoopCore.current)
      let wasOnLoop = try await offload { core.core.isCurrent }
      #expect(!wasOnLoop)
      #expect(core.core.isCurrent)
    }
  }

  @Test func `an error crosses from another thread`() async throws {
    try await runOnLoop {
      await #expect(throws: Broken(number: 8)) {
        try await offload { throw Broken(number: 8) }
      }
      #expect(EventLoop.current.census.waiters == 0)
    }
  }

  @Test func `the loop goes on while a call runs`() async throws {
    try await runOnLoop {
      let gate = Gate()
      let call = spawn { try await offload { gate.wait() } }
      // It opens only because this task has its turns meanwhile.
      for _ in 0..<100 { await yield() }
      #expect(!call.isDone)
      gate.open()
      try await call.value
    }
  }

  @Test func `results come back to the tasks that asked for them`() async throws {
    try await runOnLoop {
      let squares = try await gather(over: 0..<500) { number in
        try await offload { number * number }
      }
      #expect(squares == (0..<500).map { $0 * $0 })
    }
  }

  @Test func `a queued call that is cancelled is never made`() async throws {
    try await runOnLoop {
      let pool = ThreadPool(maximumThreads: 1, idleTime: .zero)
      let (gate, calls) = (Gate(), CallCounter())
      let first = spawn { try await offload(on: pool) { gate.wait() } }
      let second = spawn { try await offload(on: pool) { _ = calls.add() } }
      let third = spawn { try await offload(on: pool) { calls.value } }
      await yield()
      second.cancel()
      await #expect(throws: CancellationError.self) { try await second.value }
      gate.open()
      try await first.value
      let callsBeforeThird = try await third.value
      #expect(callsBeforeThird == 0)
      #expect(calls.value == 0)
    }
  }

  @Test func `a call of a task that is cancelled already is never made`() async throws {
    try await runOnLoop {
      let calls = CallCounter()
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        try await offload { _ = calls.add() }
      }
      await #expect(throws: CancellationError.self) { try await task.value }
      let made = try await offload { calls.value }
      #expect(made == 0)
    }
  }

  @Test func `a call that runs is completed, and its result returned, though cancelled`() async throws {
    try await runOnLoop {
      let (started, gate) = (Gate(), Gate())
      let task = spawn {
        let value = try await offload {
          started.open()
          gate.wait()
          return 7
        }
        return (value, Task.isCancelled)
      }
      await yield()
      started.wait()
      task.cancel()
      for _ in 0..<10 { await yield() }
      #expect(!task.isDone)
      gate.open()
      let (value, isCancelled) = try await task.value
      #expect(value == 7)
      #expect(isCancelled)
    }
  }

  @Test func `the error of a call that runs comes back, though cancelled`() async throws {
    try await runOnLoop {
      let (started, gate) = (Gate(), Gate())
      let task = spawn {
        try await offload {
          started.open()
          gate.wait()
          throw Broken(number: 1)
        }
      }
      await yield()
      started.wait()
      task.cancel()
      gate.open()
      await #expect(throws: Broken(number: 1)) { try await task.value }
    }
  }

  @Test func `a call that has ended before the task hears of its cancel gives its result`() async throws {
    try await runOnLoop {
      let ended = Gate()
      let pool = ThreadPool(maximumThreads: 1, idleTime: .zero)
      let task = spawn { try await offload(on: pool) { 5 } }
      await yield()
      // One thread makes both calls, one after the other.
      try pool.submit { ended.open() }
      ended.wait()
      task.cancel()
      let value = try await task.value
      #expect(value == 5)
    }
  }

  @Test func `a call whose time is over before it is queued is never made`() async throws {
    try await runOnLoop {
      let calls = CallCounter()
      _ = await #expect(throws: TimeoutError.self) {
        try await withTimeout(.zero) { try await offload { _ = calls.add() } }
      }
      #expect(calls.value == 0)
    }
  }

  @Test func `a virtual clock stands still while a call is made`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var hasFired = false
      let timer = spawn {
        try await sleep(for: .nanoseconds(1))
        hasFired = true
      }
      await yield()
      try await offload {
        // The loop turns and finds nothing to do, again and again.
        for _ in 0..<20 {
          let turned = Gate()
          try loop.execute { turned.open() }
          turned.wait()
        }
      }
      #expect(!hasFired)
      #expect(loop.now.nanoseconds == 0)
      try await timer.value
      #expect(loop.now.nanoseconds == 1)
    }
  }

  @Test func `a virtual clock goes on after a call that failed or was cancelled`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: Broken.self) { try await offload { throw Broken() } }
      let task = spawn { try await offload {} }
      await yield()
      task.cancel()
      try? await task.value
      try await sleep(for: .seconds(1))
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
    }
  }
}

@Suite struct OffloadMeasuredTests {
  /// Keeps the thread busy for at least this long.
  private static func spin(nanoseconds: Int64) {
    let end = Instant.measuringNow.nanoseconds + nanoseconds
    while Instant.measuringNow.nanoseconds < end {}
  }

  @Test func `the wait for a thread and the time on it are told apart`() async throws {
    try await runOnLoop {
      let pool = ThreadPool(maximumThreads: 1, idleTime: .zero)
      let gate = Gate()
      let first = spawn { try await offloadMeasured(on: pool) { gate.wait() } }
      let second = spawn {
        try await offloadMeasured(on: pool) {
          OffloadMeasuredTests.spin(nanoseconds: 1_000_000)
          return "value"
        }
      }
      await yield()
      OffloadMeasuredTests.spin(nanoseconds: 2_000_000)
      gate.open()
      let (measured, held) = try await (second.value, first.value)
      #expect(measured.value == "value")
      #expect(measured.queueWait >= .milliseconds(2))
      #expect(measured.runTime >= .milliseconds(1))
      #expect(held.queueWait >= .zero)
    }
  }

  @Test func `errors and cancellations are as without measuring`() async throws {
    try await runOnLoop {
      await #expect(throws: Broken()) { try await offloadMeasured { throw Broken() } }
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await offloadMeasured { 1 }.value
      }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }
}
