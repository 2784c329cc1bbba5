import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct QueueCancellationTests {
  @Test func `a cancelled getter takes nothing, and the next one gets its item`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let getters = spawn(over: 0..<3) { _ in try await queue.get() }
      await yield()
      getters[0].cancel()
      // Before the cancelled one goes on.
      try await queue.put(1)
      try await queue.put(2)
      await #expect(throws: CancellationError.self) { try await getters[0].value }
      #expect(try await getters[1].value == 1)
      #expect(try await getters[2].value == 2)
    }
  }

  @Test func `a getter that is cancelled after an item was handed to it returns it`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let getter = spawn { try await queue.get() }
      await yield()
      try await queue.put(1)
      getter.cancel()
      #expect(try await getter.value == 1)
    }
  }

  @Test func `a cancelled putter has not put, and the next one has its room`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(capacity: 1)
      try await queue.put(0)
      let putters = spawn(over: 1...3) { item in try await queue.put(item) }
      await yield()
      putters[0].cancel()
      #expect(try queue.tryGet() == 0)
      await #expect(throws: CancellationError.self) { try await putters[0].value }
      try await putters[1].value
      #expect(try await queue.get() == 2)
      #expect(try await queue.get() == 3)
      try await putters[2].value
      #expect(try queue.tryGet() == nil)
    }
  }

  @Test func `a putter that is cancelled after its item was taken has put`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(capacity: 1)
      try await queue.put(0)
      let putter = spawn { try await queue.put(1) }
      await yield()
      #expect(try await queue.get() == 0)
      putter.cancel()
      try await putter.value
      #expect(try await queue.get() == 1)
    }
  }

  @Test func `a cancelled putter lets go of its item`() async throws {
    try await runOnLoop {
      final class Item {}
      let queue = Queue<Item>(capacity: 1)
      try await queue.put(Item())
      weak var item: Item?
      let putter = spawn {
        let mine = Item()
        item = mine
        try await queue.put(mine)
      }
      await yield()
      #expect(item != nil)
      putter.cancel()
      await #expect(throws: CancellationError.self) { try await putter.value }
      #expect(item == nil)
    }
  }

  @Test func `a timed-out get loses no item`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await queue.get() }
      }
      try await queue.put(1)
      #expect(try await withTimeout(.seconds(1)) { try await queue.get() } == 1)
    }
  }

  @Test func `a put at the instant of the getter's timeout is lost by nobody`() async throws {
    try await runUnderSeeds(0..<50) { _ in
      let queue = Queue<Int>()
      let getter = spawn { try await withTimeout(.seconds(1)) { try await queue.get() } }
      try await sleep(for: .seconds(1))
      try await queue.put(1)
      let got: Int?
      do { got = try await getter.value } catch { got = nil }
      #expect(try (got == nil) == (queue.tryGet() == 1))
    }
  }

  @Test func `a cancelled task that need not wait gets and puts all the same`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(capacity: 1)
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        try await queue.put(1)
        let item = try await queue.get()
        await #expect(throws: CancellationError.self) { try await queue.get() }
        return item
      }
      let item = try await task.value
      #expect(item == 1)
    }
  }

  @Test func `children of a task group, which the runtime cancels, lose nothing either`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let sum = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<3 { group.addTask { try await queue.get() } }
        await yield()
        await yield()
        try await queue.put(1)
        let first = try await group.next() ?? 0
        group.cancelAll()
        try await queue.put(2)
        while let result = await group.nextResult() {
          #expect(throws: CancellationError.self) { try result.get() }
        }
        return first
      }
      #expect(sum == 1)
      #expect(try queue.tryGet() == 2)
    }
  }

  @Test func `thousands of cancelled waits leave nothing behind and grow nothing`() async throws {
    try await runOnLoop {
      let (empty, full) = (Queue<Int>(), Queue<Int>(capacity: 1))
      try await full.put(0)
      let before = EventLoop.current.census
      for _ in 0..<100 {
        let tasks = spawn(over: 0..<100) { number in
          if number % 2 == 0 { _ = try await empty.get() } else { try await full.put(number) }
        }
        await yield()
        for task in tasks.shuffled() { task.cancel() }
        for task in tasks { await #expect(throws: CancellationError.self) { try await task.value } }
      }
      #expect(EventLoop.current.census == before)
      #expect(empty.isEmpty)
      #expect(full.count == 1)
    }
  }
}
