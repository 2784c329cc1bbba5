import EpollLoop
import EpollLoopTesting
import Testing

/// Joining a queue, and shutting it down.
@Suite struct QueueEndTests {
  @Test func `join waits until every item was done with`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      for number in 0..<3 { try await queue.put(number) }
      let joiners = spawn(over: 0..<2) { _ in try await queue.join() }
      for number in 0..<3 {
        #expect(queue.unfinishedCount == 3 - number)
        _ = try await queue.get()
        await yield()
        #expect(!joiners[0].isDone)
        queue.taskDone()
      }
      for joiner in joiners { try await joiner.value }
      #expect(queue.unfinishedCount == 0)
    }
  }

  @Test func `join of a queue to which nothing was put returns at once`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      try await queue.join()
    }
  }

  @Test func `a joiner goes on although more is put in the turn of its wake`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      try await queue.put(1)
      let joiner = spawn { try await queue.join() }
      await yield()
      _ = try await queue.get()
      queue.taskDone()
      try await queue.put(2)
      try await joiner.value
      #expect(queue.unfinishedCount == 1)
    }
  }

  @Test func `join can be cancelled`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      try await queue.put(1)
      let joiner = spawn { try await queue.join() }
      await yield()
      joiner.cancel()
      await #expect(throws: CancellationError.self) { try await joiner.value }
    }
  }

  @Test func `an item counts from when it is in, not from when its putter goes on`() async throws {
    try await runUnderSeeds(0..<20) { _ in
      let queue = Queue<Int>(capacity: 1)
      let putter = spawn { for number in 0..<100 { try await queue.put(number) } }
      for number in 0..<100 {
        #expect(try await queue.get() == number)
        queue.taskDone()
      }
      try await putter.value
      try await queue.join()
    }
  }

  @Test func `after a shutdown puts throw, and gets take what is left`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      try await queue.put(1)
      try await queue.put(2)
      queue.shutdown()
      #expect(queue.isShutDown)
      await #expect(throws: ClosedError.self) { try await queue.put(3) }
      #expect(throws: ClosedError.self) { try queue.tryPut(3) }
      #expect(try await queue.get() == 1)
      #expect(try queue.tryGet() == 2)
      await #expect(throws: ClosedError.self) { try await queue.get() }
      #expect(throws: ClosedError.self) { try queue.tryGet() }
      for try await _ in queue { Issue.record("Nothing is left") }
    }
  }

  @Test func `a shutdown wakes getters, and putters, whose items are not put`() async throws {
    try await runOnLoop {
      let (empty, full) = (Queue<Int>(), Queue<Int>(capacity: 1))
      try await full.put(1)
      let getters = spawn(over: 0..<2) { _ in try await empty.get() }
      let putters = spawn(over: 0..<2) { item in try await full.put(item) }
      await yield()
      empty.shutdown()
      full.shutdown()
      for getter in getters { await #expect(throws: ClosedError.self) { try await getter.value } }
      for putter in putters { await #expect(throws: ClosedError.self) { try await putter.value } }
      #expect(try await full.get() == 1)
      #expect(full.unfinishedCount == 1)
    }
  }

  @Test func `an item that was handed over before the shutdown arrives`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let getter = spawn { try await queue.get() }
      await yield()
      try await queue.put(1)
      queue.shutdown(immediately: true)
      #expect(try await getter.value == 1)
      #expect(queue.unfinishedCount == 1)
    }
  }

  @Test func `an immediate shutdown drops what is left, which counts as done with`() async throws {
    try await runOnLoop {
      for order in [Queue<Int>.Order.fifo, .lifo, .priority] {
        let queue = Queue<Int>(order: order)
        for number in 0..<5 { try await queue.put(number) }
        _ = try await queue.get()
        let joiner = spawn { try await queue.join() }
        await yield()
        queue.shutdown(immediately: true)
        #expect(queue.isEmpty)
        #expect(queue.unfinishedCount == 1)
        await #expect(throws: ClosedError.self) { try await queue.get() }
        #expect(!joiner.isDone)
        queue.taskDone()
        try await joiner.value
      }
    }
  }

  @Test func `an immediate shutdown wakes who joins, if nothing is being worked on`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      try await queue.put(1)
      let joiner = spawn { try await queue.join() }
      await yield()
      queue.shutdown()
      await yield()
      #expect(!joiner.isDone)
      queue.shutdown(immediately: true)
      try await joiner.value
      queue.shutdown()
      #expect(queue.isShutDown)
    }
  }

  @Test func `a loop that waits ends at the shutdown`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let loop = spawn {
        var sum = 0
        for try await item in queue { sum += item }
        return sum
      }
      try await queue.put(3)
      try await queue.put(4)
      try await sleep(for: .seconds(1))
      queue.shutdown()
      #expect(try await loop.value == 7)
    }
  }

  @Test func `shutdown says what it is`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      queue.shutdown()
      do { try await queue.put(1) } catch { #expect("\(error)" == "the queue is closed") }
    }
  }
}
