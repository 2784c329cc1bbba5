import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct ChunksTests {
  private struct Broken: Error {}
  private struct Violation: Error, CustomStringConvertible { let description: String }

  private static func collect<Base: AsyncSequence>(
    _ base: Base, isolation: isolated (any Actor)? = #isolation
  ) async throws -> [Base.Element] {
    var got: [Base.Element] = []
    for try await element in base { got.append(element) }
    return got
  }

  private static func queue(_ items: Range<Int>) throws -> Queue<Int> {
    let queue = Queue<Int>()
    for item in items { _ = try queue.tryPut(item) }
    queue.shutdown()
    return queue
  }

  @Test func `elements come in arrays of the count, the last may be shorter`() async throws {
    try await runOnLoop {
      let threes = try await Self.collect(Self.queue(0..<7).chunks(ofCount: 3))
      #expect(threes == [[0, 1, 2], [3, 4, 5], [6]])
      let pairs = try await Self.collect(Self.queue(0..<4).chunks(ofCount: 2))
      #expect(pairs == [[0, 1], [2, 3]])
      let none = try await Self.collect(Self.queue(0..<0).chunks(ofCount: 2))
      #expect(none == [])
      let timed = try await Self.collect(Self.queue(0..<7).chunks(ofCount: 3, orAfter: .seconds(1)))
      #expect(timed == [[0, 1, 2], [3, 4, 5], [6]])
    }
  }

  @Test func `an array is given as it is when its time is over, and none is empty`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      spawn {
        for time in [1, 3, 20, 21, 22, 23, 40] {
          try await sleep(until: Instant(nanoseconds: 0) + .seconds(time))
          try await queue.put(time)
        }
        queue.shutdown()
      }
      var got: [[Int]] = []
      var times: [Duration] = []
      for try await chunk in queue.chunks(ofCount: 3, orAfter: .seconds(5)) {
        got.append(chunk)
        times.append(EventLoop.current.now - Instant(nanoseconds: 0))
      }
      #expect(got == [[1, 3], [20, 21, 22], [23], [40]])
      #expect(times == [.seconds(6), .seconds(22), .seconds(28), .seconds(40)])
    }
  }

  @Test(arguments: [false, true])
  func `an error comes after the elements before it, once`(isTimed: Bool) async throws {
    try await runOnLoop {
      let stream = AsyncThrowingStream<Int, any Error> { continuation in
        for number in 1...4 { continuation.yield(number) }
        continuation.finish(throwing: Broken())
      }
      var got: [[Int]] = []
      let reading = spawn {
        if isTimed {
          for try await chunk in stream.chunks(ofCount: 3, orAfter: .seconds(1)) { got.append(chunk) }
        } else {
          for try await chunk in stream.chunks(ofCount: 3) { got.append(chunk) }
        }
      }
      await #expect(throws: Broken.self) { try await reading.value }
      #expect(got == [[1, 2, 3], [4]])
    }
  }

  @Test func `a call that is cancelled keeps what it has for the next one`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      for number in 1...2 { try await queue.put(number) }
      var plain = queue.chunks(ofCount: 3).makeAsyncIterator()
      do { _ = try await withTimeout(.seconds(1)) { try await plain.next() } } catch is TimeoutError {}
      try await queue.put(3)
      let whole = try await plain.next()
      #expect(whole == [1, 2, 3])
      for number in 4...5 { try await queue.put(number) }
      var timed = queue.chunks(ofCount: 3, orAfter: .seconds(5)).makeAsyncIterator()
      do { _ = try await withTimeout(.seconds(1)) { try await timed.next() } } catch is TimeoutError {}
      let start = EventLoop.current.now
      let rest = try await timed.next()
      #expect(rest == [4, 5])
      #expect(EventLoop.current.now - start == .seconds(4))
    }
  }

  @Test func `a loop that is left ends its task and its timer`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      for number in 1...3 { try await queue.put(number) }
      let left = spawn { for try await _ in queue.chunks(ofCount: 2, orAfter: .seconds(5)) { break } }
      try await left.value
      await yield()
      await yield()
      #expect(EventLoop.current.tasks.filter { $0.name == "chunks" }.isEmpty)
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `whatever is ready first, each element comes once, in order, and in time`() async throws {
    try await runUnderSeeds(0..<200) { seed in
      var random = Shuffle(seed: seed)
      let (sender, receiver) = Channel<Int>.open(capacity: Int.random(in: 0...2, using: &random))
      let pauses = (0..<40).map { _ in Int.random(in: 0..<4, using: &random) }
      let sending = spawn {
        for (number, pause) in pauses.enumerated() {
          if pause > 0 { try await sleep(for: .milliseconds(pause)) }
          try await sender.send(number)
        }
        sender.close()
      }
      var got: [Int] = []
      for try await chunk in receiver.chunks(ofCount: 4, orAfter: .milliseconds(5)) {
        if chunk.isEmpty || chunk.count > 4 { throw Violation(description: "\(chunk)") }
        got += chunk
      }
      if got != Array(0..<40) { throw Violation(description: "\(got)") }
      try await sending.value
    }
  }
}
