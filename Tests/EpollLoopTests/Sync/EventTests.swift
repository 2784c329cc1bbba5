import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct EventTests {
  @Test func `who waits goes on when it is set, in the order of coming`() async throws {
    try await runOnLoop {
      let event = Event()
      var order: [Int] = []
      let tasks = spawn(over: 0..<5) { number in
        try await event.wait()
        order.append(number)
      }
      await yield()
      #expect(event.waitingCount == 5)
      #expect(!event.isSet)
      event.set()
      #expect(event.isSet)
      // Nobody runs on the stack of `set`.
      #expect(order == [])
      for task in tasks { try await task.value }
      #expect(order == [0, 1, 2, 3, 4])
    }
  }

  @Test func `a set event is not waited for`() async throws {
    try await runOnLoop {
      let event = Event()
      event.set()
      event.set()
      let turns = EventLoop.current.statistics.turns
      try await event.wait()
      #expect(EventLoop.current.statistics.turns == turns)
    }
  }

  @Test func `who was woken goes on, although the event is cleared at once`() async throws {
    try await runOnLoop {
      let event = Event()
      let early = spawn { try await event.wait() }
      await yield()
      event.set()
      event.clear()
      let late = spawn { try await event.wait() }
      try await early.value
      await yield()
      #expect(!late.isDone)
      #expect(event.waitingCount == 1)
      event.set()
      try await late.value
    }
  }

  @Test func `a cancelled waiter leaves at once, and the others stay`() async throws {
    try await runOnLoop {
      let event = Event()
      let tasks = spawn(over: 0..<3) { _ in try await event.wait() }
      await yield()
      tasks[1].cancel()
      #expect(event.waitingCount == 2)
      await #expect(throws: CancellationError.self) { try await tasks[1].value }
      event.set()
      try await tasks[0].value
      try await tasks[2].value
    }
  }

  @Test func `a cancel after the set comes too late`() async throws {
    try await runOnLoop {
      let event = Event()
      let task = spawn { try await event.wait() }
      await yield()
      event.set()
      task.cancel()
      try await task.value
    }
  }

  @Test func `a timeout ends the wait, and nothing is left of it`() async throws {
    try await runOnLoop {
      let event = Event()
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await event.wait() }
      }
      #expect(event.waitingCount == 0)
      EventLoop.current.schedule(after: .seconds(1)) { event.set() }
      try await withTimeout(.seconds(1)) { try await event.wait() }
    }
  }

  @Test func `a task that never has to wait gives way all the same`() async throws {
    try await runOnLoop(endsLeftovers: true) {
      let event = Event()
      event.set()
      var others = 0
      spawn {
        for _ in 0..<1000 {
          others += 1
          await yield()
        }
      }
      for _ in 0..<32 * 10 { try await event.wait() }
      #expect(others == 10)
    }
  }

  @Test func `another thread sets it by way of the loop`() async throws {
    try await runOnLoop(clock: .kernel) {
      let event = Event()
      let loop = EventLoop.current
      let task = spawn { try await offload { try loop.execute { event.set() } } }
      try await event.wait()
      try await task.value
    }
  }
}
