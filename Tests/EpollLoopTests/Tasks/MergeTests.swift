import EpollLoopTesting
import Testing

@testable import EpollLoop

/// An element that no other thread may have.
private final class MergedBox {
  let number: Int
  init(_ number: Int) { self.number = number }
}

@Suite struct MergeTests {
  private struct Broken: Error {}
  private struct Violation: Error, CustomStringConvertible { let description: String }

  @Test func `elements come as they come, and the end when all have ended`() async throws {
    try await runOnLoop {
      let (a, b) = (Channel<MergedBox>.open(), Channel<MergedBox>.open())
      var got: [Int] = []
      let merging = spawn { for try await box in merge(a.receiver, b.receiver) { got.append(box.number) } }
      for number in 0..<3 {
        try await a.sender.send(MergedBox(number))
        try await b.sender.send(MergedBox(number + 10))
      }
      a.sender.close()
      try await sleep(for: .seconds(1))
      #expect(!merging.isDone)
      try await b.sender.send(MergedBox(13))
      b.sender.close()
      try await merging.value
      #expect(got == [0, 10, 1, 11, 2, 12, 13])
    }
  }

  @Test func `the first error is thrown after the elements before it, and ends the other tasks`() async throws {
    try await runOnLoop {
      let other = Channel<Int>.open()
      func failing() -> AsyncThrowingStream<Int, any Error> {
        AsyncThrowingStream { continuation in
          continuation.yield(1)
          continuation.finish(throwing: Broken())
        }
      }
      var got: [Int] = []
      let first = spawn { for try await number in merge([failing()]) { got.append(number) } }
      await #expect(throws: Broken.self) { try await first.value }
      #expect(got == [1])
      let second = spawn { for try await _ in merge(failing(), other.receiver) {} }
      await #expect(throws: Broken.self) { try await second.value }
      await yield()
      await yield()
      #expect(EventLoop.current.tasks.filter { $0.name == "merge" }.isEmpty)
    }
  }

  @Test func `a loop that is left or cancelled ends its tasks`() async throws {
    try await runOnLoop {
      let (a, b) = (Channel<Int>.open(), Channel<Int>.open())
      let leaving = spawn { for try await _ in merge(a.receiver, b.receiver) { break } }
      try await a.sender.send(1)
      try await leaving.value
      let cancelled = spawn { for try await _ in merge(a.receiver, b.receiver, b.receiver) {} }
      await yield()
      await yield()
      #expect(a.receiver.statistics.waitingReceivers > 0)
      cancelled.cancel()
      await #expect(throws: CancellationError.self) { try await cancelled.value }
      await yield()
      #expect(EventLoop.current.tasks.filter { $0.name == "merge" }.isEmpty)
      #expect(a.receiver.statistics.waitingReceivers + b.receiver.statistics.waitingReceivers == 0)
    }
  }

  @Test func `a wait that is cancelled loses nothing`() async throws {
    try await runOnLoop {
      let (a, b) = (Channel<Int>.open(), Channel<Int>.open())
      let merged = merge(a.receiver, b.receiver)
      var iterator = merged.makeAsyncIterator()
      let sending = spawn(name: "late") {
        try await sleep(for: .seconds(2))
        try await a.sender.send(1)
        a.sender.close()
        b.sender.close()
      }
      do { _ = try await withTimeout(.seconds(1)) { try await iterator.next() } } catch is TimeoutError {}
      let first = try await iterator.next()
      #expect(first == 1)
      let second = try await iterator.next()
      #expect(second == nil)
      let third = try await iterator.next()
      #expect(third == nil)
      try await sending.value
    }
  }

  @Test func `each element of each sequence comes once and in order, whatever the order of what is ready`()
    async throws
  {
    try await runUnderSeeds(0..<200) { seed in
      var random = Shuffle(seed: seed)
      let queues = (0..<3).map { _ in Queue<Int>(capacity: Int.random(in: 1...3, using: &random)) }
      let pauses = (0..<3).map { _ in Int.random(in: 0..<3, using: &random) }
      let putters = spawn(over: 0..<3) { number in
        for turn in 0..<20 {
          try await queues[number].put(number * 100 + turn)
          if turn % 3 == 0 { try await sleep(for: .milliseconds(pauses[number])) }
        }
        queues[number].shutdown()
      }
      var got: [Int] = []
      for try await item in merge(queues) {
        got.append(item)
        if item % 7 == 0 { await yield() }
      }
      for number in 0..<3 where got.filter({ $0 / 100 == number }) != (0..<20).map({ number * 100 + $0 }) {
        throw Violation(description: "\(got)")
      }
      for task in putters { try await task.value }
    }
  }
}
