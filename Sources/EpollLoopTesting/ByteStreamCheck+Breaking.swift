import EpollLoop

// Resets, and streams that are dropped.
extension ByteStreamCheck {
  static let breaking = [
    ByteStreamCheck("an abort fails the calls of its own end as closed", abortFailsOwnCalls),
    ByteStreamCheck("an abort resets the peer: calls that wait there fail", abortResetsPeer),
    ByteStreamCheck("a stream that was reset stays broken", staysBroken),
    ByteStreamCheck("a write that is cut short by a reset says how many bytes have gone", resetWriteCounts),
    ByteStreamCheck("the end that was sent before a reset can be read", endBeforeReset),
    ByteStreamCheck("an abort ends a close that waits", abortEndsClose),
    ByteStreamCheck("a stream that is dropped is closed", dropCloses),
    ByteStreamCheck("a stream that is dropped with unread input is reset", dropResets),
  ]

  private static func abortFailsOwnCalls(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writers = spawn(over: 0..<2) { _ in await outcome { try await left.write(tooMany) } }
    let reader = spawn { await outcome { try await left.read() } }
    await settle()
    left.abort()
    left.abort()
    let (first, second) = (try await writers[0].value, try await writers[1].value)
    try expect(first, is: .closed(written: first.written ?? 0), "the write under way")
    try expect((1..<tooMany.count).contains(first.written ?? 0), "the write under way: \(first)")
    try expect(second, is: .closed(written: 0), "the write behind it")
    try expect(try await reader.value, is: .closed(written: nil), "the read")
    try expect(await outcome { try await left.read() }, is: .closed(written: nil), "a read after it")
    try expect(await outcome { try await left.write("x") }, is: .closed(written: 0), "a write after it")
    await left.close()
    await right.close()
  }

  private static func abortResetsPeer(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let reader = spawn { await outcome { try await right.read() } }
    let writers = spawn(over: 0..<2) { _ in await outcome { try await right.write(tooMany) } }
    await settle()
    left.abort()
    try expect(try await reader.value, is: .failure(.connectionReset, written: nil), "the peer's read")
    for writer in writers {
      let result = try await writer.value
      try expect(result.isBroken, "the peer's write: \(result)")
    }
    await right.close()
  }

  private static func staysBroken(_ pair: MakePair) async throws {
    for writesFirst in [true, false] {
      let (left, right) = try await pair()
      left.abort()
      await settle()
      if writesFirst { try await expectBrokenWrite(right) }
      for _ in 0..<3 {
        let result = await outcome { try await right.read() }
        try expect(result, is: .failure(.connectionReset, written: nil), "a read after the reset")
        try await expectBrokenWrite(right)
      }
      let result = await outcome { try await right.finish() }
      try expect(result.isBroken, "a half-close after the reset: \(result)")
      await right.close()
      try expect(await outcome { try await right.read() }, is: .closed(written: nil), "a read after the close")
    }
  }

  private static func expectBrokenWrite(_ stream: any ByteStream) async throws {
    let result = await outcome { try await stream.write("x") }
    try expect(result.isBroken && result.written == 0, "a write after the reset: \(result)")
  }

  private static func resetWriteCounts(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writer = spawn { await outcome { try await left.write(tooMany) } }
    await settle()
    right.abort()
    let result = try await writer.value
    try expect(result.isBroken, "the write: \(result)")
    try expect((1..<tooMany.count).contains(result.written ?? 0), "the write: \(result)")
    await left.close()
  }

  private static func endBeforeReset(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await left.write("all")
    try await left.finish()
    await settle()
    left.abort()
    await settle()
    try expect(try await readAll(right), are: Array("all".utf8), "what was sent before the reset")
    try expect(try await right.read() == nil, "a byte was read after the end")
    await right.close()
  }

  private static func abortEndsClose(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writer = spawn { await outcome { try await left.write(tooMany) } }
    await settle()
    let start = EventLoop.current.now
    let closing = spawn { await left.close() }
    await yield()
    try expect(!closing.isDone, "a close has ended although a write is under way")
    left.abort()
    try await closing.value
    try expect(EventLoop.current.now - start < .milliseconds(500), "a close that was broken off has waited")
    try expect(try await writer.value, is: .closed(written: try await writer.value.written ?? 0), "the write under way")
    right.abort()
  }

  private static func dropCloses(_ pair: MakePair) async throws {
    let peer = try await dropOne(pair) { left, _ in try await left.write("last words") }
    try expect(try await readAll(peer), are: Array("last words".utf8), "what the peer reads")
    await peer.close()
  }

  private static func dropResets(_ pair: MakePair) async throws {
    let peer = try await dropOne(pair) { _, right in try await right.write("unread") }
    await settle()
    try expect(await outcome { try await peer.read() }, is: .failure(.connectionReset, written: nil), "the peer's read")
    try await expectBrokenWrite(peer)
    await peer.close()
  }

  /// Makes a pair, uses it, and drops one of its ends.
  private static func dropOne(
    _ pair: MakePair, after use: nonisolated(nonsending) (any ByteStream, any ByteStream) async throws -> Void
  ) async throws -> any ByteStream {
    let (left, right) = try await pair()
    try await use(left, right)
    await settle()
    return right
  }
}
