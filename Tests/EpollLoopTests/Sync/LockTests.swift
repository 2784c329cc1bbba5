import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct LockTests {
  @Test func `a free lock is taken without a wait`() async throws {
    try await runOnLoop {
      let lock = Lock()
      let turns = EventLoop.current.statistics.turns
      try await lock.lock()
      #expect(lock.isLocked)
      #expect(!lock.tryLock())
      lock.unlock()
      #expect(!lock.isLocked)
      #expect(lock.tryLock())
      lock.unlock()
      #expect(EventLoop.current.statistics.turns == turns)
    }
  }

  @Test func `what one task does under the lock, no other comes in between`() async throws {
    try await runOnLoop {
      let lock = Lock()
      var balance = 0
      _ = try await gather(over: 0..<10) { _ in
        try await lock.withLock {
          let old = balance
          try await sleep(for: .seconds(1))
          balance = old + 1
        }
      }
      #expect(balance == 10)
    }
  }

  @Test func `three tasks take turns strictly, though each asks again at once`() async throws {
    try await runOnLoop {
      let lock = Lock()
      var order: [String] = []
      _ = try await gather(over: ["a", "b", "c"]) { name in
        for _ in 0..<5 {
          try await lock.lock()
          await yield()
          order.append(name)
          lock.unlock()
        }
      }
      #expect(order == Array(repeating: ["a", "b", "c"], count: 5).flatMap { $0 })
    }
  }

  @Test func `a lock that is given up while a task waits is that task's at once`() async throws {
    try await runOnLoop {
      let lock = Lock()
      try await lock.lock()
      let task = spawn { try await lock.lock() }
      await yield()
      lock.unlock()
      #expect(lock.isLocked)
      #expect(!lock.tryLock())
      try await task.value
      lock.unlock()
      #expect(!lock.isLocked)
    }
  }

  @Test func `a body's value and error come through, and the lock is given up`() async throws {
    try await runOnLoop {
      let lock = Lock()
      let value = try await lock.withLock { lock.isLocked ? "held" : "free" }
      #expect(value == "held")
      await #expect(throws: Broken(number: 3)) { try await lock.withLock { throw Broken(number: 3) } }
      #expect(!lock.isLocked)
    }
  }

  @Test func `a cancelled head of the queue does not lose the lock for those behind it`() async throws {
    try await runOnLoop {
      let lock = Lock()
      try await lock.lock()
      let first = spawn { try await lock.lock() }
      let second = spawn { try await lock.lock() }
      await yield()
      first.cancel()
      lock.unlock()
      try await second.value
      await #expect(throws: CancellationError.self) { try await first.value }
      lock.unlock()
      #expect(!lock.isLocked)
    }
  }

  @Test func `a task that was given the lock before it was cancelled has it`() async throws {
    try await runOnLoop {
      let lock = Lock()
      try await lock.lock()
      let task = spawn { try await lock.lock() }
      await yield()
      lock.unlock()
      task.cancel()
      try await task.value
      #expect(lock.isLocked)
      lock.unlock()
    }
  }

  @Test func `a timeout in the wait leaves the lock to its holder, one in the body frees it`() async throws {
    try await runOnLoop {
      let lock = Lock()
      try await lock.withLock {
        await #expect(throws: TimeoutError.self) {
          try await withTimeout(.seconds(1)) { try await lock.withLock {} }
        }
        #expect(lock.isLocked)
      }
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await lock.withLock { try await waitForever() } }
      }
      #expect(!lock.isLocked)
    }
  }

  @Test func `a lock that was taken under a timeout may be given up outside of it`() async throws {
    try await runOnLoop {
      let lock = Lock()
      for _ in 0..<3 {
        try await withTimeout(.seconds(1)) { try await lock.lock() }
        lock.unlock()
      }
    }
  }

  @Test func `a task that never has to wait gives way all the same`() async throws {
    try await runOnLoop(endsLeftovers: true) {
      let lock = Lock()
      var others = 0
      spawn {
        for _ in 0..<1000 {
          others += 1
          await yield()
        }
      }
      for _ in 0..<32 * 10 { try await lock.withLock {} }
      #expect(others == 10)
    }
  }

  @Test func `whatever the order and whoever is cancelled, one task at a time has it`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      let lock = Lock()
      var (inside, entries) = (0, 0)
      let tasks = spawn(over: 0..<6) { number in
        for _ in 0..<4 {
          try await lock.withLock {
            inside += 1
            defer { inside -= 1 }
            if inside != 1 { throw Broken(number: inside) }
            entries += 1
            try await sleep(for: .nanoseconds(Int64(seed) % Int64(number + 2)))
          }
        }
      }
      for number in 0..<3 {
        try await sleep(for: .nanoseconds(Int64(number)))
        tasks[Int(seed) % (number + 3)].cancel()
      }
      for task in tasks {
        do { try await task.value } catch is CancellationError { continue }
      }
      if lock.isLocked || entries < 12 { throw Broken(number: entries) }
    }
  }

  @Test func `unlocking a free lock traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { Lock().unlock() }
    }
    #expect(names("A lock was unlocked that nobody holds", result))
  }

  @Test func `taking a lock again inside its body traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let lock = Lock()
        try await lock.withLock { try await lock.withLock {} }
      }
    }
    #expect(names("A task that holds a lock takes it again: it would wait for itself forever", result))
  }
}
