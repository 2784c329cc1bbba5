import EpollLoop
import EpollLoopTesting
import Testing

/// What cancellation leaves: the lock held, the notification with somebody.
@Suite struct ConditionCancellationTests {
  @Test func `a cancelled waiter has the lock again before it leaves`() async throws {
    try await runOnLoop {
      let condition = Condition()
      var trace: [String] = []
      let task = spawn {
        try await condition.withLock {
          do { try await condition.wait() } catch {
            trace.append("cancelled, locked: \(condition.lock.isLocked)")
            throw error
          }
        }
      }
      await yield()
      try await condition.lock.withLock {
        task.cancel()
        #expect(condition.waitingCount == 0)
        try await sleep(for: .seconds(1))
        #expect(trace == [])
        trace.append("given up")
      }
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(trace == ["given up", "cancelled, locked: true"])
      #expect(!condition.lock.isLocked)
    }
  }

  @Test func `a notification of a task that is cancelled then goes to the next`() async throws {
    try await runOnLoop {
      let condition = Condition()
      var passed: [Int] = []
      let tasks = spawn(over: 0..<3) { number in
        try await condition.withLock {
          try await condition.wait()
          passed.append(number)
        }
      }
      await yield()
      try await condition.withLock {
        condition.notify()
        tasks[0].cancel()
      }
      try await tasks[1].value
      await #expect(throws: CancellationError.self) { try await tasks[0].value }
      #expect(passed == [1])
      #expect(condition.waitingCount == 1)
      tasks[2].cancel()
      await #expect(throws: CancellationError.self) { try await tasks[2].value }
      #expect(!condition.lock.isLocked)
    }
  }

  @Test func `a cancel without a notification wakes nobody else`() async throws {
    try await runOnLoop {
      let condition = Condition()
      let tasks = spawn(over: 0..<2) { _ in try await condition.withLock { try await condition.wait() } }
      await yield()
      tasks[0].cancel()
      await #expect(throws: CancellationError.self) { try await tasks[0].value }
      try await sleep(for: .seconds(1))
      #expect(condition.waitingCount == 1)
      try await condition.withLock { condition.notify() }
      try await tasks[1].value
    }
  }

  @Test func `a task that was cancelled before keeps the lock and does not wait`() async throws {
    try await runOnLoop {
      let condition = Condition()
      let task = spawn {
        try await condition.withLock {
          withUnsafeCurrentTask { $0?.cancel() }
          await #expect(throws: CancellationError.self) { try await condition.wait() }
          #expect(condition.lock.isLocked)
        }
      }
      try await task.value
      #expect(!condition.lock.isLocked)
    }
  }

  @Test func `a timeout inside the lock leaves it with its holder`() async throws {
    try await runOnLoop {
      let condition = Condition()
      try await condition.withLock {
        await #expect(throws: TimeoutError.self) {
          try await withTimeout(.seconds(1)) { try await condition.wait() }
        }
        #expect(condition.lock.isLocked)
        #expect(condition.waitingCount == 0)
      }
      #expect(!condition.lock.isLocked)
    }
  }

  @Test func `producers and consumers lose nothing, whatever the order and whoever is cancelled`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      let condition = Condition()
      var items: [Int] = []
      var taken: [Int] = []
      let consumers = spawn(over: 0..<6) { number in
        while true {
          try await condition.withLock {
            // One task is notified for each item: a lost notification would leave it lying.
            while items.isEmpty { try await condition.wait() }
            taken.append(items.removeFirst())
          }
          try await sleep(for: .nanoseconds((Int64(seed) + Int64(number)) % 3))
        }
      }
      for number in 0..<30 {
        try await condition.withLock {
          items.append(number)
          condition.notify()
          if number % 10 == 4 { consumers[number / 10].cancel() }
        }
        try await sleep(for: .nanoseconds((Int64(seed) + Int64(number)) % 2))
      }
      try await sleep(for: .seconds(1))
      if taken != Array(0..<30) { throw Broken(number: taken.count) }
      for task in consumers {
        task.cancel()
        do { try await task.value } catch is CancellationError { continue }
      }
      if condition.lock.isLocked || condition.waitingCount != 0 { throw Broken() }
    }
  }
}
