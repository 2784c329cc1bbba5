import EpollLoop

// Reads, their cancellation, and the end of the stream.
extension ByteStreamCheck {
  static let reading = [
    ByteStreamCheck("a read up to a count returns no more, and leaves the rest", readsUpToCount),
    ByteStreamCheck("a read returns 64 KiB at most", readsAtMostOneBuffer),
    ByteStreamCheck("the end comes after all bytes, and then always", readsTheEndAlways),
    ByteStreamCheck("a loop over the chunks gives all bytes, and can write them back", echoes),
    ByteStreamCheck("a cancelled read takes no byte", cancelledReadTakesNothing),
    ByteStreamCheck("a read of a cancelled task takes no byte, although some have arrived", cancelledTaskReadsNothing),
    ByteStreamCheck("a task whose calls succeed at once gives way to others", givesWay),
  ]

  private static func readsUpToCount(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await left.write("12345678")
    try expect(try await read(3, from: right), are: Array("123".utf8), "the first three")
    try await left.write("abc")
    try expect(try await right.read(upTo: 1).map { $0.count }, is: 1, "a read of one byte")
    try expect(try await read(7, from: right), are: Array("5678abc".utf8), "the rest")
    try await close(left, right)
  }

  private static func readsAtMostOneBuffer(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let bytes = pattern(300_000)
    let writer = spawn { try await left.write(bytes) }
    var received: [UInt8] = []
    while received.count < bytes.count, let chunk = try await right.read(upTo: .max) {
      try expect((1...65_536).contains(chunk.count), "a read has returned \(chunk.count) bytes")
      received += chunk
    }
    try expect(received, are: bytes, "what was read")
    try await writer.value
    try await close(left, right)
  }

  private static func readsTheEndAlways(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await left.write("last")
    try await left.finish()
    try expect(try await readAll(right), are: Array("last".utf8), "what comes before the end")
    for _ in 0..<3 { try expect(try await right.read() == nil, "a byte was read after the end") }
    await left.close()
    try expect(try await right.read() == nil, "a byte was read after the close")
    await right.close()
  }

  private static func echoes(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let bytes = pattern(500_000)
    let server = spawn {
      try await echo(right)
      await right.close()
    }
    let writer = spawn {
      try await left.write(bytes)
      try await left.finish()
    }
    try expect(try await readAll(left), are: bytes, "the echo")
    try await writer.value
    await left.close()
    try await server.value
  }

  private static func echo(_ stream: some ByteStream) async throws {
    for try await chunk in stream { try await stream.write(chunk) }
    try await stream.finish()
  }

  private static func cancelledReadTakesNothing(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let reader = spawn { await outcome { try await right.read() } }
    await settle()
    reader.cancel()
    try await left.write("x")
    try expect(try await reader.value, is: .cancelled, "the read that was cancelled")
    try expect(try await read(1, from: right), are: Array("x".utf8), "what the next read gets")
    try await close(left, right)
  }

  private static func cancelledTaskReadsNothing(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await left.write("x")
    await settle()
    let reader = spawn {
      withUnsafeCurrentTask { $0?.cancel() }
      return await outcome { try await right.read() }
    }
    try expect(try await reader.value, is: .cancelled, "the read of a cancelled task")
    try expect(try await read(1, from: right), are: Array("x".utf8), "what the next read gets")
    try await close(left, right)
  }

  private static func givesWay(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let count = 1000
    var turns = 0
    let other = spawn {
      while true {
        try Task.checkCancellation()
        turns += 1
        await yield()
      }
    }
    await yield()
    var before = turns
    for _ in 0..<count { try await left.write("x") }
    // At every 32nd call, and in between nothing else of this task waits.
    try expect(turns - before >= count / 64, "\(count) writes have let another task run \(turns - before) times")
    await settle()
    before = turns
    for _ in 0..<count { _ = try await right.read(upTo: 1) }
    try expect(turns - before >= count / 64, "\(count) reads have let another task run \(turns - before) times")
    other.cancel()
    _ = await outcome { try await other.value }
    try await close(left, right)
  }
}
