import EpollLoopTesting
import Testing

@testable import EpollLoop

/// What synchronises tasks belongs to one loop: elsewhere it traps, and says what to do instead.
@Suite struct SyncThreadTests {
  private static let cure = "belongs to another event loop's thread: carry the work over with loop.execute"

  /// What a loop that has ended leaves behind.
  private static func fromAnotherLoop<Object: Sendable>(_ make: @escaping () -> Object) throws -> Object {
    try EventLoop(clock: .virtual).run { make() }
  }

  @Test(arguments: 0..<6)
  func `a semaphore of another loop traps`(which: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [which] in
      let semaphore = try SyncThreadTests.fromAnotherLoop { Semaphore(limit: 1) }
      try await runOnLoop {
        switch which {
        case 0: try await semaphore.acquire()
        case 1: _ = semaphore.tryAcquire()
        case 2: semaphore.release()
        case 3: semaphore.resize(to: 2)
        case 4: _ = semaphore.available
        default: _ = semaphore.waitingCount
        }
      }
    }
    #expect(names("'Semaphore.", result))
    #expect(names(SyncThreadTests.cure, result))
  }

  @Test(arguments: 0..<4)
  func `a lock of another loop traps`(which: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [which] in
      let lock = try SyncThreadTests.fromAnotherLoop { Lock() }
      try await runOnLoop {
        switch which {
        case 0: try await lock.lock()
        case 1: _ = lock.tryLock()
        case 2: lock.unlock()
        default: try await lock.withLock {}
        }
      }
    }
    #expect(names("'Lock.", result))
    #expect(names(SyncThreadTests.cure, result))
  }

  @Test(arguments: 0..<3)
  func `an event of another loop traps`(which: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [which] in
      let event = try SyncThreadTests.fromAnotherLoop { Event() }
      try await runOnLoop {
        switch which {
        case 0: try await event.wait()
        case 1: event.set()
        default: event.clear()
        }
      }
    }
    #expect(names("'Event.", result))
    #expect(names(SyncThreadTests.cure, result))
  }

  @Test(arguments: 0..<3)
  func `a condition of another loop traps`(which: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [which] in
      let condition = try SyncThreadTests.fromAnotherLoop { Condition() }
      try await runOnLoop {
        switch which {
        case 0: try await condition.wait()
        case 1: condition.notify()
        default: condition.notifyAll()
        }
      }
    }
    #expect(names("'Condition.", result))
    #expect(names(SyncThreadTests.cure, result))
  }

  @Test(arguments: 0..<3)
  func `a barrier of another loop traps`(which: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [which] in
      let barrier = try SyncThreadTests.fromAnotherLoop { Barrier(parties: 1) }
      try await runOnLoop {
        switch which {
        case 0: _ = try await barrier.wait()
        case 1: barrier.abort()
        default: barrier.reset()
        }
      }
    }
    #expect(names("'Barrier.", result))
    #expect(names(SyncThreadTests.cure, result))
  }

  @Test func `another thread traps, where no loop runs at all`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let semaphore = Semaphore(1)
        try await offload { semaphore.release() }
      }
    }
    #expect(names("'Semaphore.release' \(SyncThreadTests.cure)", result))
  }

  @Test func `making one where no loop runs traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Semaphore(1)
    }
    #expect(names("No event loop runs on this thread: call this inside EventLoop.run", result))
  }

  @Test func `the last reference may be let go of on another thread`() async throws {
    try await runOnLoop(clock: .kernel) {
      var semaphore: Semaphore? = Semaphore(0)
      let task = spawn(over: [semaphore]) { semaphore in try await semaphore?.acquire() }[0]
      await yield()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      // SAFETY: the box is handed over; this task waits until the other thread is done with it.
      nonisolated(unsafe) let box = Box(semaphore)
      semaphore = nil
      try await offload { box.value = nil }
    }
  }
}
