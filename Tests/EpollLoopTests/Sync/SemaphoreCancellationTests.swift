import EpollLoop
import EpollLoopTesting
import Testing

/// What a cancelled or timed out request leaves: nothing.
@Suite struct SemaphoreCancellationTests {
  @Test func `a cancelled waiter takes no permit, and leaves at once`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      let task = spawn { try await semaphore.acquire() }
      await yield()
      task.cancel()
      #expect(semaphore.waitingCount == 0)
      semaphore.release()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(semaphore.available == 1)
    }
  }

  @Test func `a permit that was handed over before the cancel is kept`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      let task = spawn { try await semaphore.acquire() }
      await yield()
      semaphore.release()
      task.cancel()
      try await task.value
      #expect(semaphore.available == 0)
    }
  }

  @Test func `a cancelled head of the queue does not lose the permit that comes next`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      let first = spawn { try await semaphore.acquire() }
      let second = spawn { try await semaphore.acquire() }
      await yield()
      first.cancel()
      semaphore.release()
      try await second.value
      await #expect(throws: CancellationError.self) { try await first.value }
      #expect(semaphore.available == 0)
    }
  }

  @Test func `those whom a cancelled request held up go on without a release`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(2)
      try await semaphore.acquire()
      let big = spawn { try await semaphore.acquire(2) }
      let small = spawn { try await semaphore.acquire() }
      await yield()
      #expect(semaphore.waitingCount == 2)
      big.cancel()
      await yield()
      #expect(semaphore.waitingCount == 0)
      await yield()
      #expect(small.isDone)
      await #expect(throws: CancellationError.self) { try await big.value }
      #expect(semaphore.available == 0)
    }
  }

  @Test func `the size of a cancelled request is not taken for another's`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      for _ in 0..<3 {
        let big = spawn { try await semaphore.acquire(5) }
        await yield()
        big.cancel()
        await #expect(throws: CancellationError.self) { try await big.value }
        // It waits in the slot that has become free.
        let small = spawn { try await semaphore.acquire() }
        await yield()
        semaphore.release()
        try await small.value
      }
      #expect(semaphore.available == 0)
    }
  }

  @Test func `a cancelled task gets what is free, and waits for nothing`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(1)
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        try await semaphore.acquire()
        await #expect(throws: CancellationError.self) { try await semaphore.acquire() }
        #expect(semaphore.waitingCount == 0)
      }
      try await task.value
      semaphore.release()
    }
  }

  @Test func `a cancelled body gives its permit back`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(1)
      let task = spawn { try await semaphore.withPermit { try await waitForever() } }
      await yield()
      #expect(semaphore.available == 0)
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(semaphore.available == 1)
    }
  }

  @Test func `a body is not called if the wait for its permit was cancelled`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      var calls = 0
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await semaphore.withPermit { calls += 1 } }
      }
      #expect(calls == 0)
      #expect(semaphore.available == 0)
    }
  }

  @Test func `a timeout around a wait takes no permit, and one around a body gives it back`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(1)
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await semaphore.withPermit { try await waitForever() } }
      }
      try await semaphore.acquire()
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await semaphore.acquire() }
      }
      #expect(semaphore.waitingCount == 0)
      semaphore.release()
      #expect(semaphore.available == 1)
    }
  }

  @Test func `a permit that comes at the deadline is taken`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      EventLoop.current.schedule(after: .seconds(1)) { semaphore.release() }
      try await withTimeout(.seconds(1)) { try await semaphore.acquire() }
      #expect(semaphore.available == 0)
    }
  }

  @Test func `tasks of Swift's own wait and are cancelled too`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      let count = try await withThrowingTaskGroup(of: Int.self) { group in
        for number in 0..<3 {
          group.addTask {
            try await semaphore.acquire()
            return number
          }
        }
        while semaphore.waitingCount < 3 { await yield() }
        semaphore.release()
        let first = try await group.next()
        group.cancelAll()
        while let result = await group.nextResult() {
          #expect(throws: CancellationError.self) { try result.get() }
        }
        return first
      }
      #expect(count == 0)
      #expect(semaphore.waitingCount == 0)
    }
  }
}
