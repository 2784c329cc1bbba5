@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ReadWriteLockTests {
  @Test func `readers hold it together, and a writer alone`() async throws {
    try await runOnLoop {
      let lock = ReadWriteLock()
      try await lock.lockRead()
      #expect(lock.tryLockRead())
      #expect(lock.readerCount == 2)
      #expect(!lock.tryLockWrite())
      lock.unlockRead()
      lock.unlockRead()
      try await lock.withWriteLock {
        #expect(lock.isWriteLocked)
        #expect(lock.readerCount == 0)
        #expect(!lock.tryLockRead())
        #expect(!lock.tryLockWrite())
      }
      #expect(lock.tryLockWrite())
      lock.unlockWrite()
    }
  }

  @Test func `requests are served in FIFO order, and no reader passes a writer that waits`() async throws {
    try await runOnLoop {
      let lock = ReadWriteLock()
      var order: [String] = []
      try await lock.lockRead()
      let tasks = spawn(over: ["w1", "r1", "r2", "w2", "r3"]) { name in
        let work = {
          order.append(name)
          try await sleep(for: .seconds(1))
        }
        if name.hasPrefix("w") { try await lock.withWriteLock(work) } else { try await lock.withReadLock(work) }
      }
      await yield()
      #expect(lock.waitingCount == 5)
      #expect(!lock.tryLockRead())
      lock.unlockRead()
      // It belongs to the first waiter already.
      #expect(lock.isWriteLocked)
      for task in tasks { try await task.value }
      #expect(order == ["w1", "r1", "r2", "w2", "r3"])
      // The two readers next to each other had it together.
      #expect(EventLoop.current.now == Instant(nanoseconds: 4_000_000_000))
    }
  }

  @Test func `a stream of readers does not starve a writer`() async throws {
    try await runOnLoop {
      let lock = ReadWriteLock()
      var (reads, isOver) = (0, false)
      let readers = spawn(over: 0..<3) { number in
        try await sleep(for: .milliseconds(number))
        while !isOver {
          try await lock.withReadLock { try await sleep(for: .milliseconds(3)) }
          reads += 1
        }
      }
      try await sleep(for: .milliseconds(10))
      try await lock.withWriteLock { isOver = true }
      for reader in readers { try await reader.value }
      #expect(EventLoop.current.now < Instant(nanoseconds: 20_000_000))
      #expect(reads > 3)
    }
  }

  @Test func `a cancelled writer holds up no reader`() async throws {
    try await runOnLoop {
      let lock = ReadWriteLock()
      try await lock.lockRead()
      let writer = spawn { try await lock.withWriteLock { Issue.record("it was cancelled") } }
      let reader = spawn { try await lock.withReadLock {} }
      await yield()
      writer.cancel()
      try await reader.value
      await #expect(throws: CancellationError.self) { try await writer.value }
      #expect(lock.readerCount == 1)
      lock.unlockRead()
      #expect(lock.tryLockWrite())
      lock.unlockWrite()
    }
  }

  @Test(arguments: 0..<3)
  func `to give up what is not held traps`(which: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [which] in
      try await runOnLoop {
        let lock = ReadWriteLock()
        switch which {
        case 0: lock.unlockRead()
        case 1: lock.unlockWrite()
        default: try await lock.withWriteLock { lock.unlockRead() }
        }
      }
    }
    #expect(names("that holds the lock", result))
  }

  @Test func `random readers and writers never meet, under many orders`() async throws {
    try await runUnderSeeds(0..<200) { seed in
      var random = SeededGenerator(seed: seed)
      let lock = ReadWriteLock()
      var (readers, writers) = (0, 0)
      let plans = (0..<8).map { _ in (0..<3).map { _ in Int64.random(in: 0..<6, using: &random) } }
      let tasks = spawn(over: plans) { plan in
        try await sleep(for: .nanoseconds(plan[0]))
        let read = {
          readers += 1
          defer { readers -= 1 }
          if writers > 0 { throw Broken(number: 1) }
          try await sleep(for: .nanoseconds(plan[1]))
          if writers > 0 { throw Broken(number: 2) }
        }
        let write = {
          writers += 1
          defer { writers -= 1 }
          if writers + readers > 1 { throw Broken(number: 3) }
          try await sleep(for: .nanoseconds(plan[1]))
          if writers + readers > 1 { throw Broken(number: 4) }
        }
        try await moveOn(after: .nanoseconds(plan[2] * 4)) {
          if plan[1] % 2 == 0 { try await lock.withReadLock(read) } else { try await lock.withWriteLock(write) }
        }
      }
      for task in tasks { try await task.value }
      #expect(lock.tryLockWrite())
      lock.unlockWrite()
    }
  }
}
