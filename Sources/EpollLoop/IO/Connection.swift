/// A connected TCP stream.
///
/// One task may read and any number may write at once; writes go out whole and in the order of the
/// calls. All of it on the loop's thread; the object itself may be held anywhere.
///
/// When the last reference is gone, the descriptor is simply closed. The kernel goes on sending what was
/// written, but if input was left unread or more comes, it resets the connection, and what the peer has not
/// read yet may be lost (RFC 2525, 2.17): ``close()`` avoids that.
///
/// As an asynchronous sequence it gives the chunks that arrive, until the peer ends its direction.
public final class Connection: Sendable {
  let bound: LoopBound<Stream>
  /// The other end; nil if it was gone before it could be asked.
  public let remoteAddress: SocketAddress?

  init(_ stream: Stream, remoteAddress: SocketAddress?) {
    bound = LoopBound(stream, stream.core)
    self.remoteAddress = remoteAddress
  }

  deinit {
    if let stream = bound.openIfCurrent() { return stream.close() }
    let bound = bound
    bound.inbox.perform { bound.unchecked.close() }
  }

  /// This end's address; nil once it is closed.
  public var localAddress: SocketAddress? {
    let stream = bound.open("Connection.localAddress")
    return stream.phase == .closed ? nil : stream.socket.localAddress
  }

  /// The number of bytes written that the peer's kernel has not acknowledged; 0 once the connection is closed.
  ///
  /// As long as it falls, the peer takes what is sent, even if no write ends: that is how a timer tells a slow peer from one
  /// that has stopped. Bytes of a write that still waits for room are not counted.
  ///
  /// - Complexity: one `ioctl(2)`, SIOCOUTQ of tcp(7).
  public var unacknowledgedByteCount: Int {
    let stream = bound.open("Connection.unacknowledgedByteCount")
    return stream.phase == .closed ? 0 : stream.unacknowledgedCount
  }

  /// Whether this end has been closed. On the loop's thread only.
  public var isClosed: Bool { bound.open("Connection.isClosed").phase != .open }
}

extension Connection {
  /// Reads the bytes that have arrived, waiting for at least one.
  ///
  /// Bytes come in order. Only one task may read at a time; a second one traps. A connection that
  /// waits holds no memory for it.
  ///
  /// - Returns: At most 64 KiB; nil at the end of the stream, and then always.
  /// - Throws: ``IOError`` if the connection breaks; ``ClosedError`` if it is closed, or is during the wait;
  ///   `CancellationError` if the task is cancelled first, and then no byte is lost.
  /// - Complexity: one `recv(2)`; no allocation unless earlier chunks have been kept.
  public func read() async throws -> Chunk? {
    bound.check("Connection.read")
    return try await bound.unchecked.read()
  }

  /// Reads at most `count` of the bytes that have arrived, waiting for at least one.
  ///
  /// The bytes beyond `count` stay in the kernel. A chunk owns its bytes; to have them in an array of the caller's costs
  /// a copy: about 1 µs for 64 KiB, next to the 6 µs of their `recv(2)`.
  ///
  /// - Parameter count: The maximum number of bytes to return; greater than zero. A call returns 64 KiB at most.
  /// - Returns: At least one byte; nil at the end of the stream, and then always.
  /// - Throws: As ``read()``.
  /// - Complexity: As ``read()``. Each chunk takes a buffer of 64 KiB as long as it is kept, however short it is.
  public func read(upTo count: Int) async throws -> Chunk? {
    precondition(count > 0, "A read returns at least one byte: its count must be greater than zero")
    bound.check("Connection.read")
    return try await bound.unchecked.read(upTo: count)
  }
}

extension Connection {
  /// Returns the first of the bytes that have arrived and leaves them unread, waiting for at least one.
  ///
  /// The next read gives the same bytes again. A further peek does so at once, be it with more bytes or not: it cannot
  /// wait until more have arrived. Counts as a read: only one task may read or peek at a time; a second one traps.
  ///
  /// - Parameter count: The maximum number of bytes to return; greater than zero. A call returns 64 KiB at most.
  /// - Returns: At least one byte; nil at the end of the stream.
  /// - Throws: As ``read()``.
  /// - Complexity: one `recv(2)` with MSG_PEEK; no allocation unless earlier chunks have been kept.
  public func peek(upTo count: Int = 65_536) async throws -> Chunk? {
    precondition(count > 0, "A peek returns at least one byte: its count must be greater than zero")
    bound.check("Connection.peek")
    return try await bound.unchecked.read(upTo: count, peeks: true)
  }
}

extension Connection: AsyncSequence {
  /// Gives the chunks that arrive, in order, until the peer ends its direction.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let connection: Connection

    /// The next chunk; as ``Connection/read()``.
    public func next(isolation: isolated (any Actor)?) async throws -> Chunk? {
      try await connection.bound.open("Connection.next").read()
    }

    /// The next chunk; as ``Connection/read()``.
    public func next() async throws -> Chunk? {
      try await connection.read()
    }
  }

  public func makeAsyncIterator() -> Iterator {
    Iterator(connection: self)
  }
}
