import EpollLoop
import EpollLoopTesting
import Testing

/// Taking and giving back, and the order in which those who wait get their permits.
@Suite struct SemaphoreTests {
  @Test func `free permits are taken without a wait`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(2)
      let turns = EventLoop.current.statistics.turns
      try await semaphore.acquire()
      try await semaphore.acquire()
      #expect(EventLoop.current.statistics.turns == turns)
      #expect(semaphore.available == 0)
      semaphore.release(2)
      #expect(semaphore.available == 2)
    }
  }

  @Test func `a taken permit is waited for, and handed over when it is given back`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(1)
      try await semaphore.acquire()
      let task = spawn { try await semaphore.acquire() }
      await yield()
      #expect(semaphore.waitingCount == 1)
      semaphore.release()
      // It has the permit before it runs.
      #expect(semaphore.waitingCount == 0)
      #expect(semaphore.available == 0)
      #expect(!semaphore.tryAcquire())
      #expect(!task.isDone)
      try await task.value
    }
  }

  @Test func `nobody overtakes: a task that asks again at once is the last`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(1)
      var order: [String] = []
      _ = try await gather(over: ["a", "b", "c"]) { name in
        for _ in 0..<5 {
          try await semaphore.acquire()
          await yield()
          order.append(name)
          semaphore.release()
        }
      }
      #expect(order == Array(repeating: ["a", "b", "c"], count: 5).flatMap { $0 })
    }
  }

  @Test func `a try fails as long as somebody waits, also for fewer permits than are free`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(3)
      try await semaphore.acquire()
      let task = spawn { try await semaphore.acquire(3) }
      await yield()
      #expect(semaphore.available == 2)
      #expect(!semaphore.tryAcquire())
      task.cancel()
      #expect(semaphore.tryAcquire(2))
      #expect(!semaphore.tryAcquire())
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `a request for many permits holds up small ones behind it, and gets all at once`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(4)
      var order: [String] = []
      try await semaphore.acquire(4)
      let tasks = spawn(over: [("big", 3), ("small", 1), ("pair", 2)]) { name, count in
        try await semaphore.acquire(count)
        order.append(name)
      }
      await yield()
      semaphore.release()
      semaphore.release()
      await yield()
      #expect(order == [])
      #expect(semaphore.available == 2)
      semaphore.release(2)
      await yield()
      #expect(order == ["big", "small"])
      #expect(semaphore.available == 0)
      semaphore.release(3)
      for task in tasks { try await task.value }
      #expect(order == ["big", "small", "pair"])
      #expect(semaphore.available == 1)
    }
  }

  @Test func `a release wakes as many as it is enough for, in their order`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(0)
      var order: [Int] = []
      let tasks = spawn(over: 0..<5) { number in
        try await semaphore.acquire()
        order.append(number)
      }
      await yield()
      semaphore.release(3)
      #expect(semaphore.waitingCount == 2)
      await yield()
      #expect(order == [0, 1, 2])
      semaphore.release(3)
      for task in tasks { try await task.value }
      #expect(order == [0, 1, 2, 3, 4])
      #expect(semaphore.available == 1)
    }
  }

  @Test func `a body runs with its permits, and gives them back when it returns or throws`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(3)
      var count = 0
      let free = try await semaphore.withPermits(2) {
        count += 1
        return semaphore.available
      }
      #expect(free == 1)
      await #expect(throws: Broken(number: 1)) {
        try await semaphore.withPermit {
          count += semaphore.available
          throw Broken(number: 1)
        }
      }
      #expect(count == 3)
      #expect(semaphore.available == 3)
    }
  }

  @Test func `at most so many run at once`() async throws {
    try await runOnLoop {
      let semaphore = Semaphore(3)
      var (running, most) = (0, 0)
      _ = try await gather(over: 0..<20) { number in
        try await semaphore.withPermit {
          running += 1
          most = max(most, running)
          try await sleep(for: .milliseconds(number % 4))
          running -= 1
        }
      }
      #expect(most == 3)
      #expect(semaphore.available == 3)
    }
  }

  @Test func `a task that never has to wait gives way all the same`() async throws {
    try await runOnLoop(endsLeftovers: true) {
      let semaphore = Semaphore(1)
      var others = 0
      spawn {
        for _ in 0..<1000 {
          others += 1
          await yield()
        }
      }
      for _ in 0..<32 * 10 { try await semaphore.withPermit {} }
      #expect(others == 10)
    }
  }
}
