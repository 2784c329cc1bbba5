import EpollLoop
import EpollLoopTesting
import Testing

@testable import struct EpollLoop.Shuffle

@Suite struct BroadcastTests {
  @Test func `each subscriber gets each item that is sent after it has subscribed`() async throws {
    try await runOnLoop {
      let news = Broadcast<Int>(capacity: 10)
      #expect(news.send(0) == 0)
      let first = news.subscribe()
      #expect(news.send(1) == 1)
      let second = news.subscribe()
      #expect(news.send(2) == 2)
      #expect(first.count == 2)
      #expect(second.count == 1)
      let item = try await first.next()
      #expect(item == 1)
      #expect(try await first.next() == 2)
      #expect(try await second.next() == 2)
      #expect(try first.tryNext() == nil)
      #expect(try second.tryNext() == nil)
    }
  }

  @Test func `subscribers that wait are woken in the order in which they came`() async throws {
    try await runOnLoop {
      let news = Broadcast<String>(capacity: 1)
      var got: [String] = []
      var subscribers: [TaskHandle<Void>] = []
      for number in 0..<3 {
        let items = news.subscribe()
        subscribers.append(spawn { for try await item in items { got.append("\(item)\(number)") } })
      }
      await yield()
      news.send("a")
      await yield()
      news.send("b")
      news.close()
      for subscriber in subscribers { try await subscriber.value }
      #expect(got == ["a0", "a1", "a2", "b0", "b1", "b2"])
    }
  }

  @Test func `a slow subscriber is told how many items it has missed, and goes on with the oldest left`() async throws {
    try await runOnLoop {
      let news = Broadcast<Int>(capacity: 3)
      let (slow, fast) = (news.subscribe(), news.subscribe())
      for number in 0..<10 {
        news.send(number)
        #expect(try await fast.next() == number)
      }
      #expect(slow.count == 3)
      await #expect(throws: BroadcastLagged.self) { try await slow.next() }
      for number in 7..<10 { #expect(try await slow.next() == number) }
      for number in 10..<15 { news.send(number) }
      do { _ = try slow.tryNext() } catch let error as BroadcastLagged {
        #expect(error.count == 2)
        #expect("\(error)" == "the subscriber was too slow and has missed 2 items")
      }
      #expect(try slow.tryNext() == 12)
    }
  }

  @Test func `an item is held until all have got it, and no longer`() async throws {
    try await runOnLoop {
      final class Item {}
      let news = Broadcast<Item>(capacity: 10)
      let (first, second, third) = (news.subscribe(), news.subscribe(), news.subscribe())
      weak var item: Item?
      func send() {
        let mine = Item()
        item = mine
        news.send(mine)
      }
      send()
      _ = try await first.next()
      _ = try second.tryNext()
      #expect(item != nil)
      _ = try await third.next()
      #expect(item == nil)
      send()
      _ = try await first.next()
      second.close()
      #expect(item != nil)
      third.close()
      #expect(item == nil)
      first.close()
      send()
      #expect(item == nil)
    }
  }

  @Test func `an item whose deinit sends finds everything in order`() async throws {
    try await runOnLoop {
      final class Item {
        let number: Int
        let whenGone: () -> Void

        init(_ number: Int, whenGone: @escaping () -> Void = {}) {
          self.number = number
          self.whenGone = whenGone
        }

        deinit { whenGone() }
      }
      let news = Broadcast<Item>(capacity: 1)
      let (slow, other) = (news.subscribe(), news.subscribe())
      news.send(Item(0) { [unowned news] in news.send(Item(100)) })
      // The first goes, says so, and what it says goes too: there is room for one.
      news.send(Item(1))
      do { _ = try await slow.next() } catch let error as BroadcastLagged { #expect(error.count == 2) }
      #expect(try await slow.next()?.number == 1)
      news.send(Item(2) { [unowned news] in news.send(Item(200)) })
      #expect(try await slow.next()?.number == 2)
      other.close()
      #expect(try await slow.next()?.number == 200)
      #expect(slow.count == 0)
    }
  }

  @Test func `a close lets subscribers get what is left, and then their loops end`() async throws {
    try await runOnLoop {
      let news = Broadcast<Int>(capacity: 10)
      let (busy, idle) = (news.subscribe(), news.subscribe())
      let waiting = spawn { try await idle.next() }
      await yield()
      news.close()
      #expect(try await waiting.value == nil)
      #expect(news.isClosed)
      news.close()
      #expect(try await busy.next() == nil)

      let other = Broadcast<Int>(capacity: 10)
      let items = other.subscribe()
      other.send(1)
      other.send(2)
      other.close()
      var got: [Int] = []
      for try await item in items { got.append(item) }
      #expect(got == [1, 2])
      #expect(try await other.subscribe().next() == nil)
    }
  }

  @Test func `a subscription that was closed gets nothing, and wakes who waits by it`() async throws {
    try await runOnLoop {
      let news = Broadcast<Int>(capacity: 10)
      let (ended, other) = (news.subscribe(), news.subscribe())
      let waiting = spawn { try await ended.next() }
      let staying = spawn { try await other.next() }
      await yield()
      ended.close()
      ended.close()
      #expect(news.subscriberCount == 1)
      let nothing = try await waiting.value
      #expect(nothing == nil)
      #expect(!staying.isDone)
      news.send(1)
      #expect(try await ended.next() == nil)
      #expect(ended.count == 0)
      #expect(try await staying.value == 1)
    }
  }

  @Test func `a dropped subscription closes, on whatever thread`() async throws {
    final class Holder: @unchecked Sendable { var items: Broadcast<Int>.Subscription? }
    try await runOnLoop(clock: .kernel) {
      let news = Broadcast<Int>(capacity: 10)
      let holder = Holder()
      holder.items = news.subscribe()
      holder.items = nil
      #expect(news.subscriberCount == 0)
      holder.items = news.subscribe()
      try await offload { holder.items = nil }
      while news.subscriberCount > 0 { await yield() }
      #expect(news.send(1) == 0)
    }
  }

  @Test func `a cancelled subscriber loses no item`() async throws {
    try await runOnLoop {
      let news = Broadcast<Int>(capacity: 10)
      let items = news.subscribe()
      let early = spawn { try await items.next() }
      await yield()
      early.cancel()
      news.send(1)
      await #expect(throws: CancellationError.self) { try await early.value }
      let late = spawn { try await items.next() }
      await yield()
      let item = try await late.value
      #expect(item == 1)
      let woken = spawn { try await items.next() }
      await yield()
      news.send(2)
      woken.cancel()
      #expect(try await woken.value == 2)
    }
  }

  @Test func `a subscriber that never waits lets others run`() async throws {
    try await runOnLoop {
      let news = Broadcast<Int>(capacity: 1000)
      let items = news.subscribe()
      for number in 0..<1000 { news.send(number) }
      var got = 0
      let greedy = spawn { for _ in 0..<1000 { got += try await items.next() == nil ? 0 : 1 } }
      await yield()
      #expect(got > 0 && got <= 32)
      try await greedy.value
      #expect(got == 1000)
    }
  }

  @Test func `under random subscribers each gets all in order, less what it is told that it has missed`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      var random = Shuffle(seed: seed)
      let news = Broadcast<Int>(capacity: Int.random(in: 1...8, using: &random))
      var sent = 0
      var subscribers: [TaskHandle<Void>] = []
      for _ in 0..<200 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
          let pauses = (0..<5).map { _ in Int.random(in: 0..<4, using: &random) }
          let (items, limit) = (news.subscribe(), Int.random(in: 1..<100, using: &random))
          subscribers.append(spawn(over: [sent]) { sent in try await Self.follow(items, from: sent, pauses, limit) }[0])
        case 1: subscribers.randomElement(using: &random)?.cancel()
        case 2..<7:
          news.send(sent)
          sent += 1
        default: await yield()
        }
      }
      news.close()
      for subscriber in subscribers { do { try await subscriber.value } catch is CancellationError {} }
      subscribers = []
      await yield()
      #expect(news.subscriberCount == 0)
    }
  }

  /// Gets at most `limit` items, and fails if one is neither got nor missed.
  private static func follow(
    _ items: Broadcast<Int>.Subscription, from first: Int, _ pauses: [Int], _ limit: Int
  ) async throws {
    var next = first
    for turn in 0..<limit {
      do {
        guard let item = try await items.next() else { break }
        guard item == next else { throw Wrong(item: item, expected: next) }
        next += 1
      } catch let error as BroadcastLagged {
        next += error.count
      }
      for _ in 0..<pauses[turn % pauses.count] { await yield() }
    }
    items.close()
  }

  private struct Wrong: Error {
    let item: Int
    let expected: Int
  }
}
