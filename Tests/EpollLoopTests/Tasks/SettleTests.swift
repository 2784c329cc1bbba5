import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct SettleTests {
  private struct Broken: Error {}

  /// Sends each number at its time, in milliseconds, then closes.
  private static func channel(
    _ times: [Int], isolation: isolated (any Actor)? = #isolation
  ) -> Channel<Int>.Receiver {
    let (sender, receiver) = Channel<Int>.open(capacity: .max)
    let start = EventLoop.current.now
    spawn(isolation: isolation) {
      for time in times {
        if time > 0 { try await sleep(until: start + .milliseconds(time)) }
        try await sender.send(time)
      }
      sender.close()
    }
    return receiver
  }

  /// What a sequence gives, and when, in milliseconds.
  private static func record<Base: AsyncSequence>(
    _ base: Base, pause: Int = 0, isolation: isolated (any Actor)? = #isolation
  ) async throws -> [[Int]] where Base.Element == Int {
    let start = EventLoop.current.now
    var got: [[Int]] = []
    for try await number in base {
      got.append([number, Int((EventLoop.current.now - start) / .milliseconds(1))])
      if pause > 0 { try await sleep(for: .milliseconds(pause)) }
    }
    return got
  }

  @Test func `debounce gives the last element when it is quiet, and the last of all at the end`() async throws {
    try await runOnLoop {
      let times = [0, 50, 90, 300, 320, 500, 550]
      let got = try await Self.record(Self.channel(times).debounce(for: .milliseconds(100)))
      #expect(got == [[90, 190], [320, 420], [550, 550]])
    }
  }

  @Test func `debounce keeps the last element while the body is busy`() async throws {
    try await runOnLoop {
      let got = try await Self.record(Self.channel([0, 300, 500, 2000]).debounce(for: .milliseconds(100)), pause: 1000)
      #expect(got == [[0, 100], [500, 1100], [2000, 2100]])
    }
  }

  @Test func `throttle gives the first at once, then one in each period`() async throws {
    try await runOnLoop {
      let times = [0, 30, 60, 120, 130, 500, 510]
      let latest = try await Self.record(Self.channel(times).throttle(for: .milliseconds(100)))
      #expect(latest == [[0, 0], [60, 100], [130, 200], [500, 500], [510, 600]])
    }
    try await runOnLoop {
      let times = [0, 30, 60, 120, 130, 500, 510]
      let first = try await Self.record(Self.channel(times).throttle(for: .milliseconds(100), latest: false))
      #expect(first == [[0, 0], [30, 100], [120, 200], [500, 500], [510, 600]])
    }
  }

  @Test func `an error comes after the element that is kept`() async throws {
    try await runOnLoop {
      for isDebounced in [true, false] {
        let (stream, continuation) = AsyncThrowingStream<Int, any Error>.makeStream()
        for number in 1...3 { continuation.yield(number) }
        continuation.finish(throwing: Broken())
        var got: [Int] = []
        let settling = spawn {
          if isDebounced {
            for try await number in stream.debounce(for: .seconds(1)) { got.append(number) }
          } else {
            for try await number in stream.throttle(for: .seconds(1)) { got.append(number) }
          }
        }
        await #expect(throws: Broken.self) { try await settling.value }
        #expect(got.last == 3)
      }
    }
  }

  @Test func `a loop that is left or cancelled ends its task and its timer`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 9)
      let left = spawn { for try await _ in receiver.throttle(for: .seconds(1)) { break } }
      try await sender.send(1)
      try await left.value
      let cancelled = spawn { for try await _ in receiver.debounce(for: .seconds(5)) {} }
      try await sender.send(2)
      try await sleep(for: .seconds(1))
      #expect(EventLoop.current.census.timers == 1)
      cancelled.cancel()
      #expect(EventLoop.current.census.timers == 0)
      await #expect(throws: CancellationError.self) { try await cancelled.value }
      await yield()
      #expect(receiver.statistics.waitingReceivers == 0)
    }
  }

  @Test func `a sequence that never waits lets others run`() async throws {
    try await runOnLoop {
      let endless = AsyncStream<Int> { 1 }
      var iterator = endless.throttle(for: .seconds(1)).makeAsyncIterator()
      let first = try await iterator.next()
      #expect(first == 1)
    }
  }

  @Test func `a timeout between elements throws, and loses nothing`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open()
      var got: [Int] = []
      let reading = spawn {
        for try await number in receiver.timeout(.seconds(3)) {
          got.append(number)
          // The time of the body does not count.
          try await sleep(for: .seconds(10))
        }
      }
      for number in 0..<3 { try await sender.send(number) }
      try await sleep(for: .seconds(12))
      #expect(!reading.isDone)
      try await sleep(for: .seconds(1))
      await #expect(throws: TimeoutError.self) { try await reading.value }
      #expect(got == [0, 1, 2])
      #expect(receiver.statistics.waitingReceivers == 0)
      var iterator = receiver.timeout(.seconds(1)).makeAsyncIterator()
      do { _ = try await iterator.next() } catch is TimeoutError {}
      let sending = spawn { try await sender.send(7) }
      let late = try await iterator.next()
      #expect(late == 7)
      try await sending.value
      sender.close()
      let end = try await iterator.next()
      #expect(end == nil)
    }
  }
}
