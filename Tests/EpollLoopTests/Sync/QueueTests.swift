import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct QueueTests {
  @Test func `items come out in the order in which they were put`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      for number in 0..<1000 { try await queue.put(number) }
      #expect(queue.count == 1000)
      for number in 0..<1000 { #expect(try await queue.get() == number) }
      #expect(queue.isEmpty)
    }
  }

  @Test func `a get waits for a put`() async throws {
    try await runOnLoop {
      let queue = Queue<String>()
      let getter = spawn { try await queue.get() }
      try await sleep(for: .seconds(5))
      #expect(!getter.isDone)
      try await queue.put("late")
      #expect(queue.isEmpty)
      #expect(try await getter.value == "late")
    }
  }

  @Test func `a bounded put waits until there is room`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(capacity: 2)
      try await queue.put(1)
      try await queue.put(2)
      #expect(queue.isFull)
      let putter = spawn { try await queue.put(3) }
      try await sleep(for: .seconds(5))
      #expect(!putter.isDone)
      #expect(queue.count == 2)
      #expect(try await queue.get() == 1)
      // The room and the item went over at once.
      #expect(queue.isFull)
      try await putter.value
      #expect(try queue.tryGet() == 2)
      #expect(try queue.tryGet() == 3)
      #expect(try queue.tryGet() == nil)
    }
  }

  @Test func `getters are served in the order in which they came`() async throws {
    try await runUnderSeeds(0..<20) { _ in
      let queue = Queue<Int>()
      var came: [Int] = []
      var got: [Int: Int] = [:]
      let getters = spawn(over: 0..<10) { number in
        came.append(number)
        got[number] = try await queue.get()
      }
      while came.count < 10 { await yield() }
      for item in 0..<10 { try await queue.put(item) }
      for getter in getters { try await getter.value }
      // The first to come has the first item, in whatever order they go on.
      #expect(came.map { got[$0] } == Array(0..<10))
    }
  }

  @Test func `putters are served in the order in which they came`() async throws {
    try await runUnderSeeds(0..<20) { _ in
      let queue = Queue<Int>(capacity: 1)
      try await queue.put(-1)
      var came: [Int] = []
      let putters = spawn(over: 0..<10) { number in
        came.append(number)
        try await queue.put(number)
      }
      while came.count < 10 { await yield() }
      var got: [Int] = []
      while let item = try queue.tryGet() { got.append(item) }
      #expect(got == [-1] + came)
      for putter in putters { try await putter.value }
    }
  }

  @Test func `no late get steals an item that was handed to a getter`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let getter = spawn { try await queue.get() }
      await yield()
      try await queue.put(1)
      #expect(try queue.tryGet() == nil)
      let late = spawn { try await queue.get() }
      #expect(try await getter.value == 1)
      await yield()
      try await queue.put(2)
      #expect(try await late.value == 2)
    }
  }

  @Test func `no late put takes the room of a putter that waits`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(capacity: 1)
      try await queue.put(1)
      let putter = spawn { try await queue.put(2) }
      await yield()
      #expect(try queue.tryPut(3) == false)
      #expect(try await queue.get() == 1)
      #expect(try queue.tryPut(3) == false)
      #expect(try await queue.get() == 2)
      #expect(try queue.tryPut(3))
      try await putter.value
    }
  }

  @Test func `three getters and one putter take strict turns`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(capacity: 1)
      var turns: [Int] = []
      let getters = spawn(over: 0..<3) { number in
        for _ in 0..<5 {
          _ = try await queue.get()
          turns.append(number)
        }
      }
      await yield()
      for item in 0..<15 {
        try await queue.put(item)
        await yield()
      }
      for getter in getters { try await getter.value }
      #expect(turns == (0..<5).flatMap { _ in [0, 1, 2] })
    }
  }

  @Test func `a task that never waits for its queue lets others run`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      var (rounds, isOver) = (0, false)
      let greedy = spawn {
        while !isOver {
          try await queue.put(1)
          _ = try await queue.get()
          rounds += 1
        }
      }
      for _ in 0..<10 { await yield() }
      isOver = true
      try await greedy.value
      #expect(rounds > 10)
      // 32 operations to a turn.
      #expect(rounds <= 11 * 17)
    }
  }

  @Test func `a put that hands its item over spends the budget too`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let getters = spawn(over: 0..<100) { _ in try await queue.get() }
      await yield()
      for number in 0..<100 { try await queue.put(number) }
      #expect(getters.filter(\.isDone).count >= 32)
      for (number, getter) in getters.enumerated() { #expect(try await getter.value == number) }
    }
  }

  @Test func `a loop over a queue gets all until it is shut down, and may be shared`() async throws {
    try await runUnderSeeds(0..<10) { _ in
      let queue = Queue<Int>(capacity: 3)
      var got: [Int] = []
      let workers = spawn(over: 0..<3) { _ in
        for try await item in queue {
          await yield()
          got.append(item)
        }
      }
      for number in 0..<100 { try await queue.put(number) }
      queue.shutdown()
      for worker in workers { try await worker.value }
      #expect(got.sorted() == Array(0..<100))
    }
  }

  @Test func `optionals are items like others`() async throws {
    try await runOnLoop {
      let queue = Queue<Int?>()
      let getter = spawn { try await queue.get() }
      await yield()
      try await queue.put(nil)
      #expect(try await getter.value == nil)
      try await queue.put(nil)
      #expect(try queue.tryGet() == .some(nil))
      #expect(try queue.tryGet() == .none)
    }
  }

  @Test func `an item is let go of when it was taken, and with the queue`() async throws {
    try await runOnLoop {
      final class Item {}
      weak var (taken, handed, left): (Item?, Item?, Item?)
      do {
        let queue = Queue<Item>()
        let getter = spawn { _ = try await queue.get() }
        await yield()
        var item = Item()
        handed = item
        try await queue.put(item)
        try await getter.value
        item = Item()
        taken = item
        try await queue.put(item)
        _ = try await queue.get()
        item = Item()
        left = item
        try await queue.put(item)
        #expect(handed == nil)
        #expect(taken == nil)
        #expect(left != nil)
      }
      await yield()
      #expect(left == nil)
    }
  }
}
