import EpollLoop
import EpollLoopTesting
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

  @Test func `a reset fails whoever reads and writes, and loses what was on its way`() async throws {
    try await runOnLoop {
      var link = MemoryLink()
      link.latency = .seconds(1)
      link.capacity = 10
      let (left, right) = MemoryStream.pair(link)
      try await left.write("on its way")
      let reader = spawn { try await right.read() }
      let writer = spawn { try await left.write("does not fit") }
      await yield()
      left.abort()
      let failure = await #expect(throws: IOError.self) { try await reader.value }
      #expect(failure?.reason == .connectionReset)
      await #expect(throws: IOError.self) { try await writer.value }
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

  @Test func `a read up to no byte of a stream in memory traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop { _ = try await MemoryStream.pair().0.read(upTo: 0) }
    }
  }
}
