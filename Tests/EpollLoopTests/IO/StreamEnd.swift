import EpollLoop
import EpollLoopTesting

/// One task of a random program, and whether it was cancelled.
final class StreamPart {
  private(set) var isCancelled = false
  private var handle: TaskHandle<Void>?

  /// Starts it.
  func start(_ body: @escaping (StreamPart) async throws -> Void) async {
    handle = spawn { try await body(self) }
  }

  /// Cancels it.
  func cancel() {
    isCancelled = true
    handle?.cancel()
  }

  /// Cancels another part after a while.
  func cancel(_ victim: StreamPart, _ numbers: SeededGenerator) async {
    await pause(numbers)
    victim.cancel()
  }

  /// Waits for its end.
  func wait() async throws {
    do { try await handle?.value } catch is CancellationError where isCancelled {}
  }
}

/// One end of the stream of a random program: what its tasks do, and what they may see.
final class StreamEnd {
  let name: String
  let stream: any ByteStream
  let outgoing: StreamDirection
  let incoming: StreamDirection
  /// The other end, for what a peer can cause.
  weak var peer: StreamEnd?
  private var wasFinished = false
  private var wasClosed = false
  private var wasAborted = false
  /// Whether a close was cancelled or has taken all of its time: what was written may be lost then.
  private var wasCut = false
  private(set) var counts = StreamCounts()

  init(_ name: String, _ stream: any ByteStream, outgoing: StreamDirection, incoming: StreamDirection) {
    self.name = name
    self.stream = stream
    self.outgoing = outgoing
    self.incoming = incoming
  }

  private var isGone: Bool { wasClosed || wasAborted }

  /// Writes some parts of the pool, whatever becomes of them.
  func write(_ numbers: SeededGenerator, _ part: StreamPart) async throws {
    var numbers = numbers
    for _ in 0..<Int.random(in: 1...4, using: &numbers) {
      await pause(&numbers)
      let most = min([10, 3000, 60_000, 150_000].randomElement(using: &numbers) ?? 0, outgoing.room)
      let size = Int.random(in: 0...most, using: &numbers)
      let start = Int.random(in: 0...(StreamDirection.pool.count - size), using: &numbers)
      let kind = Int.random(in: 0..<5, using: &numbers)
      let number = outgoing.beginWrite(start..<start + size)
      do {
        try await write(StreamDirection.pool[start..<start + size], as: kind)
        outgoing.endWrite(number, sent: size)
        counts.whole += 1
      } catch let error as IOError {
        let sent = error.writtenByteCount ?? -1
        outgoing.endWrite(number, sent: sent)
        try expect(0 <= sent && sent < max(1, size), "a write of \(size) bytes failed with \(error)")
        if error.reason == .canceled { counts.part += 1 } else { counts.failed += 1 }
        try expect(mayFail(error.reason, part, sent: sent), "a write failed with \(error)")
      } catch let error as ClosedError {
        let sent = error.writtenByteCount ?? -1
        outgoing.endWrite(number, sent: sent)
        try expect(0 <= sent && sent < max(1, size), "a write of \(size) bytes failed with \(error)")
        counts.failed += 1
        try expect(isGone, "a write failed with \(error)")
      } catch is CancellationError {
        outgoing.endWrite(number, sent: 0)
        counts.none += 1
        try expect(part.isCancelled, "a write was cancelled, and its task was not")
      }
    }
  }

  private func write(_ bytes: ArraySlice<UInt8>, as kind: Int) async throws {
    switch kind {
    case 0: try await stream.write(Array(bytes))
    case 1 where bytes.count <= 65_536: try await stream.write(Chunk(bytes))
    case 2: try await stream.write(String(decoding: bytes, as: UTF8.self))
    case 3: try await stream.write(String(decoding: bytes, as: UTF8.self)[...])
    default: try await stream.write(bytes)
    }
  }

  private func mayFail(_ reason: Errno, _ part: StreamPart, sent: Int) -> Bool {
    switch reason {
    case .canceled: part.isCancelled && sent > 0
    case .brokenPipe: wasFinished || isGone || peer?.isGone == true
    case .connectionReset, .notConnected: peer?.isGone == true
    default: false
    }
  }

  /// Reads up to a number of bytes, or to the end.
  func read(_ numbers: SeededGenerator, upTo limit: Int, _ part: StreamPart) async throws {
    var numbers = numbers
    var count = 0
    while count < limit, incoming.end == .none {
      await pause(&numbers)
      do {
        let isShort = Bool.random(using: &numbers)
        let most = Int.random(in: 1...5000, using: &numbers)
        if let chunk = try await isShort ? stream.read(upTo: most) : stream.read() {
          incoming.receive(chunk)
          count += chunk.count
        } else {
          incoming.endReading(.end)
          counts.endsRead += 1
          try expect(peer?.wasFinished == true || peer?.isGone == true, "an end was read that was not sent")
        }
      } catch let error as IOError {
        incoming.endReading(.failure(error.reason))
        counts.readsFailed += 1
        try expect(peer?.wasAborted == true || peer?.wasCut == true, "a read failed with \(error)")
      } catch let error as ClosedError {
        incoming.endReading(.closed)
        counts.readsFailed += 1
        try expect(isGone, "a read failed with \(error)")
      } catch is CancellationError {
        counts.readsCancelled += 1
        try expect(part.isCancelled, "a read was cancelled, and its task was not")
        return
      }
    }
  }

  /// Ends the writing direction.
  func finish(after numbers: SeededGenerator?, _ part: StreamPart) async throws {
    await pause(numbers)
    let wasEnded = wasFinished || isGone
    wasFinished = true
    do {
      try await stream.finish()
      counts.finishes += 1
    } catch let error as IOError {
      counts.finishesFailed += 1
      try expect(wasEnded || peer?.isGone == true, "a finish failed with \(error)")
    } catch is ClosedError {
      counts.finishesFailed += 1
      try expect(isGone, "a finish of an open stream says that it is closed")
    } catch is CancellationError {
      try expect(part.isCancelled, "a finish was cancelled, and its task was not")
    }
  }

  /// Closes.
  func close(after numbers: SeededGenerator?, _ part: StreamPart) async {
    await pause(numbers)
    let isFirst = !isGone
    wasClosed = true
    let start = EventLoop.current.now
    await stream.close()
    guard isFirst, !wasAborted else { return }
    counts.closes += 1
    let isLate = EventLoop.current.now - start >= .seconds(1)
    if isLate { counts.closesTimedOut += 1 }
    if part.isCancelled { counts.closesCancelled += 1 }
    if isLate || part.isCancelled { wasCut = true }
  }

  /// Breaks off.
  func abort(after numbers: SeededGenerator) async {
    await pause(numbers)
    wasAborted = true
    counts.aborts += 1
    stream.abort()
  }

  private func expect(_ holds: Bool, _ problem: String) throws {
    if !holds { throw StreamViolation(description: "\(name): \(problem)") }
  }
}

/// Lets others run for a while, mostly a short one.
func pause(_ numbers: inout SeededGenerator) async {
  for _ in 0..<([0, 0, 0, 1, 2, 5, 20, 100].randomElement(using: &numbers) ?? 0) { await yield() }
}

/// Lets others run for some short whiles.
private func pause(_ numbers: SeededGenerator?) async {
  guard var numbers else { return }
  for _ in 0..<Int.random(in: 0...8, using: &numbers) { await pause(&numbers) }
}
