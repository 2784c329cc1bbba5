import EpollLoop
import EpollLoopTesting
import Testing

@testable import struct EpollLoop.Shuffle

@Suite struct WatchTests {
  @Test func `the value is what it was set to last`() async throws {
    try await runOnLoop {
      let level = Watch([1])
      #expect(level.value == [1])
      level.value.append(2)
      #expect(level.value == [1, 2])
      await yield()
    }
  }

  @Test func `a watcher gets the present value first, and then the latest of those that are new`() async throws {
    try await runOnLoop {
      let level = Watch(0)
      var watcher = level.watcher()
      #expect(watcher.hasNext)
      let present = try await watcher.next()
      #expect(present == 0)
      #expect(!watcher.hasNext)
      for number in 1...5 { level.value = number }
      #expect(try await watcher.next() == 5)
      #expect(!watcher.hasNext)
      var late = level.watcher(skippingPresent: true)
      #expect(!late.hasNext)
      level.value = 6
      #expect(try await late.next() == 6)
      #expect(try await watcher.next() == 6)
    }
  }

  @Test func `loops over a watch skip what is over when they get to it`() async throws {
    try await runOnLoop {
      let level = Watch(0)
      var (all, some) = ([Int](), [Int]())
      let fast = spawn { for try await value in level { all.append(value) } }
      let slow = spawn {
        for try await value in level {
          some.append(value)
          try await sleep(for: .milliseconds(2700))
        }
      }
      for number in 1...7 {
        try await sleep(for: .seconds(1))
        level.value = number
      }
      level.close()
      try await fast.value
      try await slow.value
      #expect(all == [0, 1, 2, 3, 4, 5, 6, 7])
      #expect(some == [0, 2, 5, 7])
    }
  }

  @Test func `setting wakes all who wait, even to the same value`() async throws {
    try await runOnLoop {
      let level = Watch(1)
      let waiting = spawn(over: 0..<3) { _ in try await level.changed() }
      await yield()
      #expect(!waiting[0].isDone)
      level.value = 1
      for task in waiting {
        let value = try await task.value
        #expect(value == 1)
      }
    }
  }

  @Test func `changed counts from its call on`() async throws {
    try await runOnLoop {
      let level = Watch(1)
      level.value = 2
      let waiting = spawn { try await level.changed() }
      try await sleep(for: .seconds(1))
      #expect(!waiting.isDone)
      level.value = 3
      level.value = 4
      #expect(try await waiting.value == 4)
    }
  }

  @Test func `a close ends who waits; the last value is got before`() async throws {
    try await runOnLoop {
      let level = Watch(1)
      var (seen, unseen) = (level.watcher(skippingPresent: true), level.watcher())
      let waiting = spawn { try await level.changed() }
      await yield()
      level.close()
      level.close()
      #expect(level.isClosed)
      #expect(level.value == 1)
      let nothing = try await waiting.value
      #expect(nothing == nil)
      #expect(try await level.changed() == nil)
      #expect(try await seen.next() == nil)
      #expect(try await unseen.next() == 1)
      #expect(try await unseen.next() == nil)
    }
  }

  @Test func `a value that is set in the turn of the close is not lost`() async throws {
    try await runOnLoop {
      let level = Watch(0)
      var got: [Int] = []
      let loop = spawn { for try await value in level { got.append(value) } }
      await yield()
      level.value = 1
      level.close()
      try await loop.value
      #expect(got == [0, 1])
    }
  }

  @Test func `a cancelled watcher misses nothing`() async throws {
    try await runOnLoop {
      let level = Watch(0)
      var watcher = level.watcher(skippingPresent: true)
      let waiting = spawn { try await watcher.next() }
      await yield()
      waiting.cancel()
      level.value = 1
      await #expect(throws: CancellationError.self) { try await waiting.value }
      let value = try await watcher.next()
      #expect(value == 1)
      let woken = spawn { try await watcher.next() }
      await yield()
      level.value = 2
      woken.cancel()
      #expect(try await woken.value == 2)
    }
  }

  @Test func `the first value that fits can be awaited`() async throws {
    try await runOnLoop {
      let level = Watch(0)
      let high = spawn { try await level.first { $0 >= 3 } }
      for number in 1...5 {
        await yield()
        level.value = number
      }
      let first = try await high.value
      #expect(first == 3)
      #expect(try await level.first { $0 >= 3 } == 5)
    }
  }

  @Test func `a watcher that never waits lets others run`() async throws {
    try await runOnLoop {
      let level = Watch(0)
      var rounds = 0
      let greedy = spawn {
        var watcher = level.watcher()
        for _ in 0..<1000 {
          _ = try await watcher.next()
          level.value += 1
          rounds += 1
        }
      }
      await yield()
      #expect(rounds > 0 && rounds <= 32)
      try await greedy.value
    }
  }

  @Test func `under random watchers values only get newer, and all see the last`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      var random = Shuffle(seed: seed)
      let level = Watch(0)
      var watchers: [(task: TaskHandle<Int>, isCancelled: Bool)] = []
      for _ in 0..<200 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0:
          let pause = Int.random(in: 0..<4, using: &random)
          watchers.append((spawn { try await Self.follow(level, pause) }, false))
        case 1:
          guard let index = watchers.indices.randomElement(using: &random) else { continue }
          watchers[index].task.cancel()
          watchers[index].isCancelled = true
        case 2..<7: level.value += 1
        default: await yield()
        }
      }
      level.close()
      for (task, isCancelled) in watchers {
        do {
          let last = try await task.value
          #expect(last == level.value)
        } catch is CancellationError {
          #expect(isCancelled)
        }
      }
    }
  }

  /// The last value of all.
  private static func follow(_ level: Watch<Int>, _ pause: Int) async throws -> Int {
    var last = -1
    for try await value in level {
      guard value > last else { throw Stale() }
      last = value
      for _ in 0..<pause { await yield() }
    }
    return last
  }

  private struct Stale: Error {}
}
