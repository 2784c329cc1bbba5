import EpollLoop
import EpollLoopTesting
import Testing

/// The semaphore that bounds: its limit, and how it changes.
@Suite struct SemaphoreLimitTests {
  @Test func `without a limit anyone may add permits`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      semaphore.release(5)
      #expect(semaphore.available == 5)
      #expect(semaphore.limit == nil)
    }
  }

  @Test func `a release too many traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let semaphore = Semaphore(limit: 2)
        try await semaphore.acquire()
        semaphore.release()
        semaphore.release()
      }
    }
    #expect(names("A semaphore with a limit was given more permits back than were taken", result))
  }

  @Test func `growing wakes those who wait, in their order`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(limit: 1)
      var order: [Int] = []
      try await semaphore.acquire()
      let tasks = spawn(over: 0..<4) { number in
        try await semaphore.acquire()
        order.append(number)
      }
      await yield()
      semaphore.resize(to: 3)
      #expect(semaphore.limit == 3)
      #expect(semaphore.available == 0)
      await yield()
      #expect(order == [0, 1])
      semaphore.resize(to: 6)
      #expect(semaphore.available == 1)
      for task in tasks { try await task.value }
      semaphore.release(5)
      #expect(semaphore.available == 6)
    }
  }

  @Test func `shrinking takes nothing away: permits leave as they are given back`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(limit: 4)
      try await semaphore.acquire(3)
      semaphore.resize(to: 1)
      #expect(semaphore.available == 0)
      let task = spawn { try await semaphore.acquire() }
      await yield()
      semaphore.release()
      semaphore.release()
      #expect(semaphore.waitingCount == 1)
      #expect(semaphore.available == 0)
      semaphore.release()
      try await task.value
      semaphore.release()
      #expect(semaphore.available == 1)
    }
  }

  @Test func `a shrunk limit still refuses a release too many`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        let semaphore = Semaphore(limit: 4)
        try await semaphore.acquire(3)
        semaphore.resize(to: 1)
        semaphore.release(4)
      }
    }
  }

  @Test func `a limit of zero stops all, until it grows`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(limit: 2)
      semaphore.resize(to: 0)
      #expect(!semaphore.tryAcquire())
      let task = spawn { try await semaphore.acquire() }
      await yield()
      #expect(semaphore.waitingCount == 1)
      semaphore.resize(to: 1)
      try await task.value
    }
  }

  @Test func `a request for more than the limit waits until it has grown`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(limit: 2)
      #expect(!semaphore.tryAcquire(3))
      let task = spawn { try await semaphore.acquire(3) }
      await yield()
      #expect(semaphore.available == 2)
      #expect(!semaphore.tryAcquire())
      semaphore.resize(to: 3)
      try await task.value
      #expect(semaphore.available == 0)
    }
  }

  @Test func `resizing a semaphore without a limit traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { Semaphore(1).resize(to: 2) }
    }
    #expect(names("Only a semaphore with a limit can be resized", result))
  }

  @Test(arguments: 0..<6)
  func `numbers that make no sense trap`(which: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [which] in
      try await runOnLoop {
        switch which {
        case 0: _ = Semaphore(-1)
        case 1: _ = Semaphore(limit: -1)
        case 2: Semaphore(limit: 1).resize(to: -1)
        case 3: try await Semaphore(1).acquire(0)
        case 4: _ = Semaphore(1).tryAcquire(-1)
        default: Semaphore(1).release(0)
        }
      }
    }
    #expect(names("A semaphore", result))
  }
}
