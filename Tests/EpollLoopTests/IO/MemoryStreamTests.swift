import EpollLoop
import EpollLoopTesting
import Synchronization
import Testing

@Suite struct MemoryStreamTests {
  @Test func `bytes arrive in order and whole, in whatever pieces`() async throws {
    try await runUnderSeeds(0..<20) { seed in
      var link = MemoryLink()
      link.pieces = 1...7
      link.capacity = 11
      link.seed = seed
      let (left, right) = MemoryStream.pair(link)
      let message = (0..<1000).map { UInt8(truncatingIfNeeded: $0) }
      let (_, received) = try await gather(
        {
          try await left.write(message)
          try await left.finish()
        },
        { () async throws -> [UInt8] in
          var received: [UInt8] = []
          while let chunk = try await right.read() {
            #expect((1...7).contains(chunk.count))
            received += chunk
          }
          return received
        })
      #expect(received == message)
    }
  }

  @Test func `latency and rate are exact on a virtual clock`() async throws {
    try await runOnLoop {
      var link = MemoryLink()
      link.latency = .milliseconds(30)
      link.bytesPerSecond = 1000
      let (left, right) = MemoryStream.pair(link)
      try await left.write([UInt8](repeating: 1, count: 500))
      #expect(try await right.read()?.count == 500)
      #expect(EventLoop.current.now == Instant(nanoseconds: 530_000_000))
    }
  }

  @Test func `a reset fails the peer's calls, and loses what was on its way`() async throws {
    try await runOnLoop {
      var link = MemoryLink()
      link.latency = .seconds(1)
      link.capacity = 10
      let (left, right) = MemoryStream.pair(link)
      try await left.write("on its way")
      let reader = spawn { try await right.read() }
      let writer = spawn { try await right.write("does not fit") }
      await yield()
      left.abort()
      let failure = await #expect(throws: IOError.self) { try await reader.value }
      #expect(failure?.reason == .connectionReset)
      let cut = await #expect(throws: IOError.self) { try await writer.value }
      #expect(cut?.writtenByteCount == 10)
    }
  }

  @Test func `a cancelled read loses no byte`() async throws {
    try await runOnLoop {
      let (left, right) = MemoryStream.pair()
      let reader = spawn { try await right.read() }
      await yield()
      try await left.write("x")
      reader.cancel()
      let first = try? await reader.value
      let received: Chunk? = if let first { first } else { try await right.read() }
      #expect(received?.first == UInt8(ascii: "x"))
    }
  }

  @Test(arguments: [true, false])
  func `a write that is cut short says how many bytes have gone`(isCancel: Bool) async throws {
    try await runOnLoop {
      var link = MemoryLink()
      link.capacity = 4
      let (left, right) = MemoryStream.pair(link)
      let writer = spawn { try await left.write("12345678") }
      await yield()
      if isCancel { writer.cancel() } else { right.abort() }
      let failure = await #expect(throws: IOError.self) { try await writer.value }
      #expect(failure?.reason == (isCancel ? .canceled : .connectionReset))
      #expect(failure?.writtenByteCount == 4)
    }
  }

  @Test func `a write waits while the link is full`() async throws {
    try await runOnLoop {
      var link = MemoryLink()
      link.capacity = 4
      let (left, right) = MemoryStream.pair(link)
      let writer = spawn { try await left.write("12345678") }
      await yield()
      await yield()
      #expect(!writer.isDone)
      #expect(try await right.read()?.count == 4)
      #expect(try await right.read()?.count == 4)
      try await writer.value
    }
  }

  @Test func `a read up to a count returns no more, and makes room for so much`() async throws {
    try await runOnLoop {
      var link = MemoryLink()
      link.capacity = 8
      let (left, right) = MemoryStream.pair(link)
      try await left.write("12345678")
      #expect(try await right.read(upTo: 3).map { Array($0) } == Array("123".utf8))
      try await left.write(Chunk("abc".utf8))
      #expect(try await right.read(upTo: 100).map { Array($0) } == Array("45678".utf8))
      #expect(try await right.read().map { Array($0) } == Array("abc".utf8))
    }
  }

  @Test func `what has arrived before a reset can be read, and what has not is lost`() async throws {
    try await runOnLoop {
      var link = MemoryLink()
      link.latency = .seconds(1)
      let (left, right) = MemoryStream.pair(link)
      try await left.write("arrived")
      try await sleep(for: .seconds(1))
      try await left.write("on its way")
      left.abort()
      #expect(try await right.read().map { Array($0) } == Array("arrived".utf8))
      #expect(await failure { try await right.read() } == .io(.read, .connectionReset))
    }
  }

  @Test func `a close takes as long as the bytes are on their way, and 1 s at most`() async throws {
    for (latency, duration) in [(0, 0), (30, 30), (5000, 1000)] {
      try await runOnLoop {
        var link = MemoryLink()
        link.latency = .milliseconds(latency)
        let (left, right) = MemoryStream.pair(link)
        try await left.write("x")
        let start = EventLoop.current.now
        await left.close()
        #expect(EventLoop.current.now - start == .milliseconds(duration))
        #expect(try await right.read()?.count == 1)
        #expect(try await right.read() == nil)
        #expect(EventLoop.current.now - start == .milliseconds(latency))
      }
    }
  }

  @Test func `a close with unread input waits for the end of the peer, and 1 s at most`() async throws {
    for peerCloses in [true, false] {
      try await runOnLoop {
        let (left, right) = MemoryStream.pair()
        try await right.write("unread")
        let start = EventLoop.current.now
        let closing = spawn { await left.close() }
        try await sleep(for: .milliseconds(100))
        #expect(!closing.isDone && left.isClosed)
        if peerCloses { await right.close() }
        try await closing.value
        #expect(EventLoop.current.now - start == (peerCloses ? .milliseconds(100) : .seconds(1)))
        #expect(!right.isClosed || peerCloses)
      }
    }
  }

  @Test func `a write that goes out to a stream dropped meanwhile loses nothing that was sent before`() async throws {
    try await runOnLoop {
      var link = MemoryLink()
      link.latency = .seconds(1)
      var (left, right): (MemoryStream?, MemoryStream) = MemoryStream.pair(link)
      try await left?.write("before")
      left = nil
      try await right.write("too late")
      #expect(await failure { try await right.write("again") } == .io(.write, .brokenPipe))
      #expect(try await right.read().map { Array($0) } == Array("before".utf8))
      #expect(try await right.read() == nil)
    }
  }

  @Test func `a stream may be dropped on another thread, or when its loop is gone`() async throws {
    let pair = try await runOnLoop { loop in
      _ = loop
      let (dropped, right) = boxedPair()
      try await offload { dropped.stream.withLock { $0 = nil } }
      #expect(try await right.read() == nil)
      return MemoryStream.pair()
    }
    #expect(pair.0 !== pair.1)
  }

  @Test func `a stream in memory traps on another thread than its loop's`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let (left, right) = MemoryStream.pair()
        try await offload { left.abort() }
        await right.close()
      }
    }
    #expect(names("'MemoryStream.abort' belongs to another event loop's thread", result))
  }
}

/// A reference that another thread may drop.
private final class StreamBox: Sendable {
  let stream: Mutex<MemoryStream?>

  init(_ stream: MemoryStream) {
    self.stream = Mutex(stream)
  }
}

/// A pair of streams, of which the box has the only reference to the first.
private func boxedPair() -> (StreamBox, MemoryStream) {
  let (left, right) = MemoryStream.pair()
  return (StreamBox(left), right)
}
