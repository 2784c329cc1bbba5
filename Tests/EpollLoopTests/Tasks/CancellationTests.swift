@testable import EpollLoop
import EpollLoopTesting
import Testing

/// The ways in which a cancellation reaches a wait.
@Suite struct CancellationTests {
  @Test func `a cancel reaches a spawned task's present wait, and every later one`() async throws {
    try await runOnLoop {
      var thrown = 0
      let task = spawn {
        for _ in 0..<3 {
          do { try await waitForever() } catch is CancellationError { thrown += 1 }
        }
      }
      await yield()
      task.cancel()
      try await task.value
      #expect(thrown == 3)
    }
  }

  @Test func `a task's flag is up as soon as it is cancelled`() async throws {
    try await runOnLoop {
      let task = spawn {
        while !Task.isCancelled { await yield() }
        return true
      }
      await yield()
      task.cancel()
      let wasCancelled = try await task.value
      #expect(wasCancelled)
    }
  }

  @Test func `a cancel wakes nobody on the canceller's stack`() async throws {
    try await runOnLoop {
      var trace: [String] = []
      let task = spawn {
        try? await waitForever()
        trace.append("woken")
      }
      await yield()
      task.cancel()
      trace.append("cancelled")
      try await task.value
      #expect(trace == ["cancelled", "woken"])
    }
  }

  @Test func `a handler of Swift's own has been called when cancel returns, and may cancel others`() async throws {
    try await runOnLoop {
      let trace = Mailbox<String>()
      let other = spawn { try await waitForever() }
      let task = spawn {
        try await withTaskCancellationHandler {
          try await waitForever()
        } onCancel: {
          other.cancel()
          trace.put("handler")
        }
      }
      await yield()
      task.cancel()
      trace.put("cancelled")
      for task in [task, other] { await #expect(throws: CancellationError.self) { try await task.value } }
      #expect(trace.all == ["handler", "cancelled"])
    }
  }

  @Test func `children of a task group inside a spawned task are cancelled with it`() async throws {
    try await runOnLoop {
      let task = spawn {
        await withTaskGroup(of: Bool.self) { group in
          for _ in 0..<10 {
            group.addTask {
              do { try await waitForever() } catch { return error is CancellationError }
              return false
            }
          }
          return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
      }
      while EventLoop.current.census.waiters < 10 { await yield() }
      task.cancel()
      let cancelled = try await task.value
      #expect(cancelled == 10)
    }
  }

  @Test func `an async let that is left by an error is cancelled and leaves no timer`() async throws {
    try await runOnLoop {
      let task = spawn {
        async let slow: Void = sleep(for: .seconds(3600))
        await yield()
        if EventLoop.current.census.timers == 1 { throw Broken() }
        try await slow
      }
      await #expect(throws: Broken()) { try await task.value }
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `child tasks spawn, gather and time out like others`() async throws {
    try await runOnLoop {
      async let numbers = gather(over: 0..<3) { number in
        try await sleep(for: .seconds(3 - number))
        return number
      }
      async let late: Void = withTimeout(.seconds(1)) { try await waitForever() }
      let gathered = try await numbers
      #expect(gathered == [0, 1, 2])
      do {
        try await late
        Issue.record("The time was not limited")
      } catch {
        #expect(error is TimeoutError)
      }
    }
  }

  @Test func `a cancelled child that waits for a gather cancels its children`() async throws {
    try await runOnLoop {
      var cancelled = 0
      let task = spawn {
        try await withThrowingTaskGroup(of: Int.self) { group in
          group.addTask {
            var inner = 0
            _ = await gatherSettled(over: 0..<5) { _ in
              defer { inner += 1 }
              try await waitForever()
            }
            return inner
          }
          for try await count in group { cancelled += count }
        }
      }
      for _ in 0..<5 { await yield() }
      task.cancel()
      try await task.value
      #expect(cancelled == 5)
    }
  }

  @Test func `a cancel between a wait's decision and its suspension is not lost`() async throws {
    try await runOnLoop {
      let parent = LoopBound(Slot(), LoopCore.current)
      let task = spawn {
        await withTaskGroup(of: Wake.self) { group in
          group.addTask {
            await LoopCore.current.park(for: "test") { _ in parent.open("slot").task?.cancel() }
          }
          return await group.next()
        }
      }
      parent.unchecked.task = task
      let wake = try await task.value
      #expect(wake == .cancelled)
    }
  }

  private final class Slot {
    var task: TaskHandle<Wake?>?
  }
}

/// Cancelling a task that the loop did not start, from another thread: each order is forced.
@Suite struct ForeignCancellationTests {
  /// Starts a task of the runtime's own, which parks once, and says how it was woken.
  private static func park(
    _ place: @escaping @Sendable (Waiter) -> Void
  ) -> Task<Wake, Never> {
    Task(executorPreference: EventLoop.current.taskExecutor) {
      await LoopCore.current.park(for: "test") { place($0) }
    }
  }

  @Test func `before the wait: nothing is placed`() async throws {
    try await runOnLoop {
      let placed = CallCounter()
      let task = ForeignCancellationTests.park { _ in placed.add() }
      // The task has not had its turn: this thread is busy.
      let cancelled = Gate()
      try ThreadPool.shared.submit {
        task.cancel()
        cancelled.open()
      }
      cancelled.wait()
      let wake = await task.value
      #expect(wake == .cancelled)
      #expect(placed.value == 0)
    }
  }

  @Test func `between the decision to wait and the suspension: the wait ends`() async throws {
    try await runOnLoop {
      let isPlacing = Gate()
      let cancelled = Gate()
      let task = ForeignCancellationTests.park { _ in
        isPlacing.open()
        cancelled.wait()
      }
      try ThreadPool.shared.submit {
        isPlacing.wait()
        task.cancel()
        cancelled.open()
      }
      let wake = await task.value
      #expect(wake == .cancelled)
    }
  }

  @Test func `while it waits: the wait ends`() async throws {
    try await runOnLoop {
      let task = ForeignCancellationTests.park { _ in }
      await yield()
      #expect(LoopCore.current.waiters.count == 1)
      try await offload { task.cancel() }
      let wake = await task.value
      #expect(wake == .cancelled)
    }
  }

  @Test func `after the wake: what it waited for counts`() async throws {
    try await runOnLoop {
      let slot = LoopBound(Slot(), LoopCore.current)
      let task = ForeignCancellationTests.park { waiter in slot.open("slot").waiter = waiter }
      await yield()
      LoopCore.current.wake(slot.unchecked.waiter, .ready)
      let cancelled = Gate()
      try ThreadPool.shared.submit {
        task.cancel()
        cancelled.open()
      }
      // The task is ready and has not had its turn.
      cancelled.wait()
      let wake = await task.value
      #expect(wake == .ready)
      #expect(task.isCancelled)
    }
  }

  @Test func `after the end: a wake-up that comes late reaches nobody else`() async throws {
    try await runOnLoop {
      let slot = LoopBound(Slot(), LoopCore.current)
      let task = ForeignCancellationTests.park { waiter in slot.open("slot").waiter = waiter }
      await yield()
      let core = LoopCore.current
      core.wake(slot.unchecked.waiter, .ready)
      _ = await task.value
      // The slot's next user is another task.
      let next = spawn { try await sleep(for: .seconds(1)) }
      await yield()
      core.wake(slot.unchecked.waiter, .cancelled)
      try await next.value
      #expect(core.now == Instant(nanoseconds: 1_000_000_000))
    }
  }

  private final class Slot {
    var waiter = Waiter.nobody
  }
}
