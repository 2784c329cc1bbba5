public import EpollLoop

/// One of two connected streams in memory: a ``Connection`` without a kernel, for tests of protocols.
///
/// It succeeds and fails as a TCP connection of this machine does, ``Connection``'s `close()` included. Latency,
/// rate, capacity and the sizes of pieces are the link's; under virtual time they cost nothing and are exact. One
/// task may read and any number may write at once. On one loop's thread only; the last reference may go on any
/// thread. SAFETY: every call first compares the thread's loop with the one on which the pair was made; `deinit` goes
/// there.
public final class MemoryStream: ByteStream, @unchecked Sendable {
  /// How long ``close()`` takes at most, as that of a `Connection`.
  private static let closeTimeout = Duration.seconds(1)
  /// The maximum number of bytes that ``close()`` reads and drops, as that of a `Connection`.
  private static let closeDrainLimit = 1 << 20

  private let socket: MemorySocket
  private var own: MemoryEnd { socket.own }

  private init(_ own: MemoryEnd, peer: MemoryEnd) {
    socket = MemorySocket(own: own, peer: peer)
  }

  deinit {
    // SAFETY: it is used on the loop's thread alone, or by no thread but this one.
    nonisolated(unsafe) let socket = socket
    own.news.perform { socket.close() }
  }

  /// Creates two streams, each the other's peer, on the loop of this thread.
  public static func pair(_ link: MemoryLink = MemoryLink()) -> (MemoryStream, MemoryStream) {
    let now = EventLoop.current.now
    let left = MemoryEnd(MemoryPipe(link, seed: ~link.seed, now: now))
    let right = MemoryEnd(MemoryPipe(link, seed: link.seed, now: now))
    return (MemoryStream(left, peer: right), MemoryStream(right, peer: left))
  }

  /// Whether this end has been closed. On the loop's thread only.
  public var isClosed: Bool {
    own.news.check("MemoryStream.isClosed")
    return own.phase != .open
  }

  /// Reads at most `count` of the bytes that have arrived, waiting for at least one; as `ByteStream` promises.
  ///
  /// - Parameter count: The maximum number of bytes to return; greater than zero. A call returns one piece at most.
  /// - Returns: At least one byte; nil at the end of the stream, and then always.
  /// - Throws: ``IOError`` with ``Errno/connectionReset`` if the peer has broken the stream off; ``ClosedError`` if
  ///   this end is closed, or is during the wait; `CancellationError` if the task is cancelled, and then no byte is
  ///   taken.
  public func read(upTo count: Int) async throws -> Chunk? {
    precondition(count > 0, "A read returns at least one byte: its count must be greater than zero")
    own.news.check("MemoryStream.read")
    try socket.checkOpen(.read)
    precondition(!own.isReadAwaited, "Only one task may read from a stream at a time")
    try Task.checkCancellation()
    while true {
      let reading: MemorySocket.Reading
      do throws(Errno) { reading = try socket.tryRead(upTo: count) } catch { throw IOError(.read, error) }
      switch reading {
      case .bytes(let bytes):
        await own.news.checkpoint()
        return Chunk(bytes)
      case .end: return nil
      case .nothing(let arrival):
        own.isReadAwaited = true
        defer { own.isReadAwaited = false }
        try await own.news.wait(for: "bytes to read", until: arrival)
        try socket.checkOpen(.read)
      }
    }
  }

  /// Writes all bytes of a chunk; as ``write(_:)-([UInt8])``.
  public func write(_ chunk: Chunk) async throws {
    try await write(Array(chunk))
  }

  /// Writes all bytes, waiting while the link is full; writes of several tasks go out whole and in the order of the
  /// calls.
  ///
  /// - Throws: As ``Connection/write(_:)-([UInt8])``.
  public func write(_ bytes: [UInt8]) async throws {
    own.news.check("MemoryStream.write")
    guard !bytes.isEmpty else {
      try socket.checkOpen(.write)
      if case .finished = own.writing { throw MemorySocket.finished(.write) }
      return
    }
    if try !socket.beginWriting(.write) { try await waitForTurn(.write) }
    var sent = 0
    do {
      while true {
        sent += try socket.trySend(bytes[sent...])
        if sent == bytes.count { break }
        // A send to an end that has closed has left a reset.
        guard case .none = own.failure else { continue }
        try await own.room.wait(for: "room to write")
        if own.phase == .closed { throw MemorySocket.closed(.write) }
      }
    } catch {
      socket.endWriting()
      throw MemoryStream.writeError(error, sent: sent, of: bytes.count)
    }
    socket.endWriting()
    await own.news.checkpoint()
  }

  /// Half-closes: the peer reads the end after all that was written.
  ///
  /// - Throws: As ``Connection/finish()``.
  public func finish() async throws {
    own.news.check("MemoryStream.finish")
    if try !socket.beginWriting(.finish) { try await waitForTurn(.finish) }
    do throws(Errno) { try socket.finish() } catch { throw IOError(.finish, error) }
  }

  /// Closes this end so that the peer gets all that has been written, as ``Connection/close()`` does.
  ///
  /// It waits until all has arrived at the peer; if input was left unread, until the peer ends its direction. It
  /// takes at most 1 s of the loop's time, and drops at most 1 MiB. It has no effect when called again. If the task
  /// is cancelled, this end is closed at once.
  public func close() async {
    own.news.check("MemoryStream.close")
    guard own.phase == .open else { return }
    defer { socket.close() }
    socket.beginClosing()
    await linger(until: socket.now + MemoryStream.closeTimeout)
  }

  /// Breaks both directions off: the peer's reads and writes fail with a reset, and what was on its way is lost.
  ///
  /// The peer can still read what has arrived before. It has no effect on an end that is closed.
  public func abort() {
    own.news.check("MemoryStream.abort")
    socket.close(isReset: true)
  }

  private func waitForTurn(_ operation: IOError.Operation) async throws {
    switch try await own.turn.wait(for: "its turn to write") {
    case .opened:
      // The turn was handed over. A close that has begun meanwhile waits for it.
      if own.phase == .closed { throw MemorySocket.closed(operation) }
    case .closed, .timedOut:
      throw own.phase == .closed ? MemorySocket.closed(operation) : MemorySocket.finished(operation)
    }
  }

  private static func writeError(_ error: any Error, sent: Int, of count: Int) -> any Error {
    if error is ClosedError { return ClosedError(.stream, writtenByteCount: sent) }
    if error is CancellationError, sent == 0 { return error }
    let reason = (error as? Errno) ?? .canceled
    return IOError(.write, reason, "\(sent) of \(count) bytes were written", writtenByteCount: sent)
  }

  /// Waits until a close cannot lose anything any more, reading and dropping what the peer sends.
  ///
  /// As a connection's: until all writes have ended, this direction has, and the peer has ended its own; or all has
  /// arrived and nothing was left unread. It ends early at a limit of bytes or of time, and by cancellation.
  private func linger(until deadline: Instant) async {
    var dropped = 0
    var hasReadEnd = false
    while own.phase == .closing {
      if case .open = own.writing {
        // An error here means that the peer has broken the stream off.
        do throws(Errno) { try socket.finish() } catch { return }
      }
      let mayRead = !hasReadEnd && dropped < MemoryStream.closeDrainLimit
      let arrival = socket.peer.arriving.lastArrival
      let hasArrived = dropped == 0 && arrival.map { $0 <= socket.now } ?? true
      var instant = deadline
      if mayRead {
        switch tryDrop() {
        case .bytes(let bytes):
          dropped += bytes.count
          await own.news.checkpoint()
          continue
        case .end:
          hasReadEnd = true
          continue
        case .nothing(let next):
          if let next { instant = Swift.min(instant, next) }
        }
      }
      if case .finished = own.writing {
        if !mayRead || hasArrived { return }
        if dropped == 0, let arrival { instant = Swift.min(instant, arrival) }
      }
      do { try await own.news.wait(for: "the peer to take what was written", until: instant) } catch { return }
      if socket.now >= deadline { return }
    }
  }

  /// Reads and drops once; a broken stream counts as one that has ended, since writes fail by themselves.
  private func tryDrop() -> MemorySocket.Reading {
    do throws(Errno) { return try socket.tryRead(upTo: .max) } catch { return .end }
  }
}
