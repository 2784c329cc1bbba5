import EpollLoop
import EpollLoopTesting
import Testing

/// Items that use what has held them when they end: optimised builds end them as early as they may.
@Suite struct ItemDeinitTests {
  /// Says when it is gone.
  private final class Item {
    let number: Int
    let whenGone: () -> Void

    init(_ number: Int, whenGone: @escaping () -> Void = {}) {
      self.number = number
      self.whenGone = whenGone
    }

    deinit { whenGone() }
  }

  @Test func `an item that is dropped puts another, behind a task that has waited for room`() async throws {
    try await runOnLoop {
      let queue = Queue<Item>(capacity: 1)
      var hasRoom = true
      _ = try queue.tryPut(Item(0) { do { hasRoom = try queue.tryPut(Item(9)) } catch { Issue.record(error) } })
      let putter = spawn { try await queue.put(Item(1)) }
      await yield()
      _ = try queue.tryGet()
      #expect(!hasRoom)
      #expect(queue.count == 1)
      try await putter.value
      #expect(try await queue.get().number == 1)
    }
  }

  @Test(arguments: [false, true])
  func `items that are dropped put others, as many as there are`(isNewestFirst: Bool) async throws {
    try await runOnLoop {
      let queue = Queue<Item>(order: isNewestFirst ? .lifo : .fifo)
      var gone = 0
      func put(_ number: Int) throws {
        _ = try queue.tryPut(
          Item(number) {
            gone += 1
            guard number < 10_000 else { return }
            do { try put(number + 10_000) } catch { Issue.record(error) }
          })
      }
      // So many that the memory is given back in between.
      for number in 0..<3000 { try put(number) }
      for _ in 0..<6000 { _ = try queue.tryGet() }
      #expect(gone == 6000)
      #expect(queue.isEmpty)
    }
  }

  @Test func `an item that is dropped puts another, and the order of priorities holds`() async throws {
    try await runOnLoop {
      let queue = Queue<Item>(order: .priority { $0.number < $1.number })
      for number in [5, 3, 9, 1, 7, 8, 2] {
        _ = try queue.tryPut(
          Item(number) {
            guard number < 4 else { return }
            do { _ = try queue.tryPut(Item(number * 2 + 4)) } catch { Issue.record(error) }
          })
      }
      for _ in 0..<3 { _ = try queue.tryGet() }
      var numbers: [Int] = []
      while let item = try queue.tryGet() { numbers.append(item.number) }
      #expect(numbers == [5, 6, 7, 8, 8, 9, 10])
    }
  }

  @Test func `an order that puts into its own queue harms nothing but the order`() async throws {
    try await runOnLoop {
      var queue: Queue<Int>?
      var left = 100
      let mine = Queue<Int>(
        order: .priority { one, other in
          if left > 0 {
            left -= 1
            do { _ = try queue?.tryPut(left) } catch { Issue.record(error) }
          }
          return one < other
        })
      queue = mine
      for number in 0..<100 { _ = try mine.tryPut(number) }
      #expect(mine.count == 200)
      var got = 0
      while try mine.tryGet() != nil { got += 1 }
      #expect(got == 200)
      queue = nil
    }
  }

  @Test func `the item of a cancelled putter ends and puts another`() async throws {
    try await runOnLoop(endsLeftovers: true) {
      let queue = Queue<Item>(capacity: 1)
      _ = try queue.tryPut(Item(0))
      var said: [Bool] = []
      func put(_ number: Int, isolation: isolated (any Actor)? = #isolation) -> () -> Void {
        { spawn(isolation: isolation) { try await queue.put(Item(number)) } }
      }
      let putters = spawn(over: 0..<20) { number in
        let putAnother = put(100 + number)
        try await queue.put(
          Item(number) {
            putAnother()
            do { said.append(try queue.tryPut(Item(200))) } catch { Issue.record(error) }
          })
      }
      await yield()
      for putter in putters { putter.cancel() }
      for putter in putters { await #expect(throws: CancellationError.self) { try await putter.value } }
      #expect(said == Array(repeating: false, count: 20))
      var numbers: [Int] = []
      for _ in 0..<21 { numbers.append(try await queue.get().number) }
      #expect(numbers == [0] + (100..<120))
    }
  }

  @Test func `the items of an immediate shutdown find it shut down, and all of them done with`() async throws {
    try await runOnLoop {
      let queue = Queue<Item>()
      var unfinished: [Int] = []
      var refused: [Bool] = []
      for number in 0..<3 {
        _ = try queue.tryPut(
          Item(number) {
            unfinished.append(queue.unfinishedCount)
            do { refused.append(try !queue.tryPut(Item(9))) } catch { refused.append(error is ClosedError) }
          })
      }
      queue.shutdown(immediately: true)
      #expect(unfinished == [0, 0, 0])
      #expect(refused == [true, true, true])
      try await queue.join()
    }
  }

  @Test func `a subscriber's item that is dropped gets the next, and none is left out`() async throws {
    try await runOnLoop {
      let news = Broadcast<Item>(capacity: 4)
      let items = news.subscribe()
      var number: Int?
      news.send(Item(0) { do { number = try items.tryNext()?.number } catch { Issue.record(error) } })
      news.send(Item(1))
      news.send(Item(2))
      _ = try items.tryNext()
      #expect(number == 1)
      #expect(try await items.next()?.number == 2)
      #expect(items.count == 0)
    }
  }

  @Test func `a value that is replaced finds the new one, and may replace it`() async throws {
    try await runOnLoop {
      let level = Watch(Item(0))
      var watcher = level.watcher(skippingPresent: true)
      var seen: [Int] = []
      level.value = Item(1) {
        seen.append(level.value.number)
        level.value = Item(3)
      }
      let first = try await watcher.next()?.number
      #expect(first == 1)
      level.value = Item(2)
      #expect(seen == [2])
      #expect(level.value.number == 3)
      #expect(try await watcher.next()?.number == 3)
      #expect(!watcher.hasNext)
    }
  }
}
