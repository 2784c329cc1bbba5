import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ShieldTests {
  @Test func `a cancel from outside leaves the body running, and its value is returned`() async throws {
    try await runOnLoop {
      var isCancelledAfterwards = false
      let task = spawn {
        let value = try await shield {
          try await sleep(for: .seconds(2))
          #expect(!Task.isCancelled)
          return 5
        }
        isCancelledAfterwards = Task.isCancelled
        return value
      }
      try await sleep(for: .seconds(1))
      task.cancel()
      let value = try await task.value
      #expect(value == 5)
      #expect(isCancelledAfterwards)
      #expect(EventLoop.current.now == Instant(nanoseconds: 2_000_000_000))
    }
  }

  @Test func `the cancellation stays, and ends the next wait`() async throws {
    try await runOnLoop {
      var reached: [String] = []
      let task = spawn {
        try await shield { try await sleep(for: .seconds(2)) }
        reached.append("after the shield")
        try await waitForever()
        reached.append("after a wait")
      }
      try await sleep(for: .seconds(1))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(reached == ["after the shield"])
    }
  }

  @Test func `a task that is cancelled already runs a shielded clean-up`() async throws {
    try await runOnLoop {
      var isClean = false
      let task = spawn {
        do { try await waitForever() } catch {
          try await shield {
            try await sleep(for: .seconds(1))
            isClean = true
          }
          throw error
        }
      }
      await yield()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(isClean)
    }
  }

  @Test func `a cancel inside propagates, and so do errors and timeouts`() async throws {
    try await runOnLoop {
      await #expect(throws: CancellationError.self) {
        try await shield {
          withUnsafeCurrentTask { $0?.cancel() }; try await waitForever()
        }
      }
      await #expect(throws: Broken()) { try await shield { throw Broken() } }
      await #expect(throws: TimeoutError.self) {
        try await shield { try await withTimeout(.seconds(1)) { try await waitForever() } }
      }
      #expect(!Task.isCancelled)
    }
  }

  @Test func `the children of a shielded body are shielded, and those beside it are not`() async throws {
    try await runOnLoop {
      var ended: [String] = []
      let task = spawn {
        try await withTaskScope { scope in
          scope.spawn {
            do { try await waitForever() } catch { ended.append("beside") }
          }
          try await shield {
            _ = try await gather(over: 1...2) { number in
              try await sleep(for: .seconds(number))
              ended.append("inside \(number)")
            }
          }
        }
      }
      try await sleep(for: .milliseconds(500))
      task.cancel()
      await #expect(throws: Never.self) { try await task.value }
      #expect(ended == ["beside", "inside 1", "inside 2"])
    }
  }

  @Test func `as asyncio's shield, awaiting a handle leaves the task running and throws at the waiter`() async throws {
    try await runOnLoop {
      let inner = spawn {
        try await sleep(for: .seconds(2))
        return 5
      }
      let waiter = spawn { try await inner.value }
      try await sleep(for: .seconds(1))
      waiter.cancel()
      await #expect(throws: CancellationError.self) { try await waiter.value }
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
      let value = try await inner.value
      #expect(value == 5)
      let other = spawn { try await waitForever() }
      await yield()
      other.cancel()
      let outer = spawn { try await other.value }
      await #expect(throws: CancellationError.self) { try await outer.value }
    }
  }
}
