import EpollLoop

// Half-closes and closes.
extension ByteStreamCheck {
  static let ending = [
    ByteStreamCheck("after a half-close the peer reads the end, and the other direction goes on", halfCloses),
    ByteStreamCheck("a half-close waits for its turn, and fails the writes behind it", halfCloseWaits),
    ByteStreamCheck("a half-close that is cancelled before its turn has ended nothing", cancelledHalfClose),
    ByteStreamCheck("after a half-close a second one and writes fail", halfCloseTwice),
  ]
  static let closing = [
    ByteStreamCheck("a close wakes the reader of its own end, and refuses later calls", closeWakes),
    ByteStreamCheck("a close delivers what was written, although input is left unread", closeDelivers),
    ByteStreamCheck("a close lets writes that are under way end, and delivers them", closeUnderWrites),
    ByteStreamCheck("a close next to a half-close that waits for its turn delivers all", closeNextToHalfClose),
    ByteStreamCheck("a second close and an abort after a close have no effect", closeThenAbort),
    ByteStreamCheck("two ends that close next to writes of their own do not block each other", closesMeet),
    ByteStreamCheck("writes to an end that has closed fail, however slowly they come", writesToClosed),
    ByteStreamCheck("a writer that waits for room fails when the peer closes without reading all", closeWakesPeer),
    ByteStreamCheck("a cancelled close closes at once", cancelledClose),
  ]

  private static func halfCloses(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await left.write("question")
    try await left.finish()
    try expect(try await readAll(right), are: Array("question".utf8), "the question")
    try await right.write("answer")
    try expect(try await read(6, from: left), are: Array("answer".utf8), "the answer")
    try await right.finish()
    try expect(try await left.read() == nil, "a byte was read after the end")
    try await close(left, right)
  }

  private static func halfCloseWaits(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writer = spawn { try await left.write(tooMany) }
    let finisher = spawn { try await left.finish() }
    let late = spawn { await outcome { try await left.write("late") } }
    await settle()
    try expect(!finisher.isDone, "a half-close has ended before the write in front of it")
    try expect(try await readAll(right), are: tooMany, "what was read")
    try await writer.value
    try await finisher.value
    try expect(try await late.value, is: .failure(.brokenPipe, written: 0), "the write behind the half-close")
    try await close(left, right)
  }

  private static func cancelledHalfClose(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writer = spawn { try await left.write(tooMany) }
    let finisher = spawn { await outcome { try await left.finish() } }
    await settle()
    finisher.cancel()
    try expect(try await finisher.value, is: .cancelled, "the half-close that was cancelled")
    try expect(try await read(tooMany.count, from: right), are: tooMany, "what was read")
    try await writer.value
    try await left.write("more")
    try expect(try await read(4, from: right), are: Array("more".utf8), "what was written afterwards")
    try await close(left, right)
  }

  private static func halfCloseTwice(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await left.finish()
    try expect(
      await outcome { try await left.finish() }, is: .failure(.brokenPipe, written: nil), "a second half-close")
    try expect(await outcome { try await left.write("x") }, is: .failure(.brokenPipe, written: 0), "a write after it")
    try await close(left, right)
    try expect(await outcome { try await left.finish() }, is: .closed(written: nil), "a half-close after the close")
  }

  private static func closeWakes(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let reader = spawn { await outcome { try await left.read() } }
    await settle()
    let closing = spawn { await left.close() }
    await settle()
    try expect(reader.isDone, "a reader waits although its end is closed")
    try expect(try await reader.value, is: .closed(written: nil), "the read")
    try expect(await outcome { try await left.read() }, is: .closed(written: nil), "a read after it")
    try expect(await outcome { try await left.write("x") }, is: .closed(written: 0), "a write after it")
    try expect(await outcome { try await left.finish() }, is: .closed(written: nil), "a half-close after it")
    try expect(try await right.read() == nil, "the peer has read something")
    await right.close()
    try await closing.value
  }

  private static func closeDelivers(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await right.write("left unread")
    let bytes = pattern(5000)
    try await left.write(bytes)
    let closing = spawn { await left.close() }
    await settle()
    try expect(try await readAll(right), are: bytes, "what the peer reads")
    await right.close()
    try await closing.value
  }

  private static func closeUnderWrites(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let bytes = pattern(3_000_000)
    let first = spawn { try await left.write(bytes) }
    let second = spawn { try await left.write("second") }
    await yield()
    let closing = spawn { await left.close() }
    let received = try await readAll(right)
    try await first.value
    try await second.value
    try expect(received, are: bytes + Array("second".utf8), "what the peer reads")
    await right.close()
    try await closing.value
  }

  private static func closeNextToHalfClose(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await right.write("left unread")
    let bytes = pattern(3_000_000)
    let writer = spawn { try await left.write(bytes) }
    let finisher = spawn { try await left.finish() }
    await yield()
    let closing = spawn { try await gather({ await left.close() }, { await left.close() }) }
    try expect(try await readAll(right), are: bytes, "what the peer reads")
    await right.close()
    try await writer.value
    try await finisher.value
    _ = try await closing.value
  }

  private static func closeThenAbort(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await left.write("written")
    await left.close()
    await left.close()
    left.abort()
    await settle()
    try expect(try await readAll(right), are: Array("written".utf8), "what the peer reads")
    await right.close()
  }

  private static func closesMeet(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    // Each end drops what the other sends, and at most 1 MiB of it.
    let writers = spawn(over: [left, right]) { end in try await end.write(pattern(900_000)) }
    await yield()
    let start = EventLoop.current.now
    try await close(left, right)
    try expect(EventLoop.current.now - start < .seconds(1), "the closes have waited for each other")
    for writer in writers { try await writer.value }
  }

  private static func writesToClosed(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    await right.close()
    var errors: [StreamOutcome] = []
    for _ in 0..<100 where errors.count < 3 {
      let result = await outcome { try await left.write("x") }
      if result != .success { errors.append(result) }
      await yield()
    }
    try expect(errors.count == 3 && errors.allSatisfy(\.isBroken), "writes to an end that has closed: \(errors)")
    await left.close()
  }

  private static func closeWakesPeer(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writers = spawn(over: 0..<2) { _ in await outcome { try await left.write(tooMany) } }
    await settle()
    await right.close()
    let (first, second) = (try await writers[0].value, try await writers[1].value)
    try expect(first.isBroken && (first.written ?? 0) > 0, "the write under way: \(first)")
    try expect(second.isBroken && second.written == 0, "the write behind it: \(second)")
    await left.close()
  }

  private static func cancelledClose(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writers = spawn(over: 0..<2) { _ in await outcome { try await left.write(tooMany) } }
    await settle()
    let start = EventLoop.current.now
    let closing = spawn { await left.close() }
    await yield()
    closing.cancel()
    try await closing.value
    try expect(EventLoop.current.now - start < .milliseconds(500), "a cancelled close has waited")
    let (first, second) = (try await writers[0].value, try await writers[1].value)
    try expect(first, is: .closed(written: first.written ?? 0), "the write under way")
    try expect(second, is: .closed(written: 0), "the write behind it")
    right.abort()
  }
}
