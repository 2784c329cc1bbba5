import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ConditionTests {
  /// Tasks that wait for a notification; each appends its number when it has the lock back.
  private final class Waiters {
    let condition = Condition()
    var order: [Int] = []

    func start(_ number: Int, isolation: isolated (any Actor)? = #isolation) -> TaskHandle<Void> {
      spawn {
        try await self.condition.withLock {
          try await self.condition.wait()
          #expect(self.condition.lock.isLocked)
          self.order.append(number)
        }
      }
    }

    func notify(_ count: Int = 1) async throws {
      try await condition.withLock { condition.notify(count) }
    }
  }

  @Test func `a wait gives the lock up, and has it again afterwards`() async throws {
    try await runOnLoop {
      let waiters = Waiters()
      let task = waiters.start(1)
      await yield()
      #expect(!waiters.condition.lock.isLocked)
      #expect(waiters.condition.waitingCount == 1)
      try await waiters.notify()
      try await task.value
      #expect(waiters.order == [1])
      #expect(!waiters.condition.lock.isLocked)
    }
  }

  @Test func `as many are notified as was said, those first who came first`() async throws {
    try await runOnLoop {
      let waiters = Waiters()
      var tasks: [TaskHandle<Void>] = []
      for number in 0..<6 { tasks.append(waiters.start(number)) }
      await yield()
      try await waiters.notify()
      try await sleep(for: .zero)
      #expect(waiters.order == [0])
      try await waiters.notify(2)
      try await sleep(for: .zero)
      #expect(waiters.order == [0, 1, 2])
      try await waiters.notify(0)
      try await sleep(for: .zero)
      #expect(waiters.condition.waitingCount == 3)
      try await waiters.condition.withLock { waiters.condition.notifyAll() }
      for task in tasks { try await task.value }
      #expect(waiters.order == [0, 1, 2, 3, 4, 5])
    }
  }

  @Test func `a notification that nobody waits for is forgotten`() async throws {
    try await runOnLoop {
      let waiters = Waiters()
      try await waiters.notify(5)
      let task = waiters.start(1)
      try await sleep(for: .seconds(1))
      #expect(!task.isDone)
      try await waiters.notify()
      try await task.value
    }
  }

  @Test func `nobody goes on before the one who notifies has given the lock up`() async throws {
    try await runOnLoop {
      let waiters = Waiters()
      var tasks: [TaskHandle<Void>] = []
      for number in 0..<2 { tasks.append(waiters.start(number)) }
      await yield()
      try await waiters.condition.withLock {
        waiters.condition.notifyAll()
        try await sleep(for: .seconds(1))
        #expect(waiters.order == [])
      }
      for task in tasks { try await task.value }
      #expect(waiters.order == [0, 1])
    }
  }

  @Test func `a predicate is looked at under the lock, until it is true`() async throws {
    try await runOnLoop {
      let condition = Condition()
      var (number, looks) = (0, 0)
      let task = spawn {
        try await condition.withLock {
          try await condition.wait {
            #expect(condition.lock.isLocked)
            looks += 1
            return number >= 3
          }
          return number
        }
      }
      for _ in 0..<3 {
        try await sleep(for: .seconds(1))
        try await condition.withLock {
          number += 1
          condition.notify()
        }
      }
      let seen = try await task.value
      #expect(seen == 3)
      #expect(looks == 4)
      await #expect(throws: Broken(number: 1)) {
        try await condition.withLock { try await condition.wait { throw Broken(number: 1) } }
      }
      #expect(!condition.lock.isLocked)
    }
  }

  @Test func `two conditions share a lock`() async throws {
    try await runOnLoop {
      let lock = Lock()
      let (filled, emptied) = (Condition(lock), Condition(lock))
      var items: [Int] = []
      var taken: [Int] = []
      let consumer = spawn {
        for _ in 0..<50 {
          try await lock.withLock {
            try await filled.wait { !items.isEmpty }
            taken.append(items.removeFirst())
            emptied.notify()
          }
        }
      }
      for number in 0..<50 {
        try await lock.withLock {
          try await emptied.wait { items.count < 3 }
          items.append(number)
          filled.notify()
        }
      }
      try await consumer.value
      #expect(taken == Array(0..<50))
    }
  }

  @Test func `waiting and notifying without the lock trap`() async {
    let rule = "A condition is waited for and notified with its lock held: do it inside withLock"
    let wait = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { try await Condition().wait() }
    }
    #expect(names(rule, wait))
    let notify = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { Condition().notify() }
    }
    #expect(names(rule, notify))
    let notifyAll = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { Condition().notifyAll() }
    }
    #expect(names(rule, notifyAll))
  }

  @Test func `notifying fewer than none traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        let condition = Condition()
        try await condition.withLock { condition.notify(-1) }
      }
    }
  }

  @Test func `a lock is still known to be its task's after a wait`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let condition = Condition()
        let task = spawn {
          try await condition.withLock {
            try await condition.wait()
            try await condition.lock.lock()
          }
        }
        await yield()
        try await condition.withLock { condition.notify() }
        try await task.value
      }
    }
    #expect(names("A task that holds a lock takes it again", result))
  }
}
