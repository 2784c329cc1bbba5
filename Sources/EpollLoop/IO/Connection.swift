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
    // Refused means that the loop has ended: then its last reference closes the descriptor.
    _ = bound.inbox.submit(.call { bound.open("Connection.deinit").close() })
  }

  /// This end's address; nil once it is closed.
  public var localAddress: SocketAddress? {
    let stream = bound.open("Connection.localAddress")
    return stream.phase == .closed ? nil : stream.socket.localAddress
  }

  /// Whether this end has been closed. On the loop's thread only.
  public var isClosed: Bool { bound.open("Connection.isClosed").phase != .open }
}

extension Connection {
  /// Reads what has arrived, waiting for at least one byte, into memory of the library's.
  ///
  /// Bytes come in order. Only one task may read at a time; a second one traps. A connection that
  /// waits holds no memory for it.
  ///
  /// - Returns: At most 64 KiB; nil at the end of the stream, and then for ever.
  /// - Throws: ``IOError`` if the connection breaks or is closed meanwhile; `CancellationError` if the
  ///   task is cancelled first, and then no byte is lost.
  /// - Complexity: one `recv(2)`; no allocation unless earlier chunks have been kept.
  public func read() async throws -> Chunk? {
    bound.check("Connection.read")
    return try await bound.unchecked.read()
  }

  /// Reads what has arrived, waiting for at least one byte, into the caller's memory.
  ///
  /// Bytes come in order. Only one task may read at a time; a second one traps.
  ///
  /// - Parameter buffer: Where to put the bytes. Its count, in bytes, is the most that is read.
  /// - Returns: How many bytes were read; 0 at the end of the stream, and then for ever.
  /// - Throws: ``IOError`` if the connection breaks or is closed meanwhile; `CancellationError` if the
  ///   task is cancelled first, and then no byte is lost.
  /// - Complexity: one `recv(2)`; no allocation.
  public func read(into buffer: inout MutableSpan<UInt8>) async throws -> Int {
    precondition(buffer.count > 0, "A read needs a buffer with room for a byte")
    let stream = bound.open("Connection.read")
    while true {
      try await stream.waitToRead()
      if let count = try stream.tryRead(into: &buffer) {
        if stream.core.spend() { await stream.core.giveWay() }
        return count
      }
    }
  }
}

extension Stream {
  fileprivate func tryRead(into buffer: inout MutableSpan<UInt8>) throws -> Int? {
    do {
      return try buffer.withUnsafeMutableBytes { bytes throws(Errno) -> Int? in
        try tryRead(into: bytes.baseAddress.unsafelyUnwrapped, count: bytes.count)
      }
    } catch {
      throw IOError(.read, error)
    }
  }
}

extension Connection: AsyncSequence {
  /// Gives the chunks that arrive, in order, until the peer ends its direction.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let connection: Connection

    /// The next chunk; as ``Connection/read()``.
    public mutating func next(isolation: isolated (any Actor)?) async throws -> Chunk? {
      try await connection.bound.open("Connection.next").read()
    }

    /// The next chunk; as ``Connection/read()``.
    public mutating func next() async throws -> Chunk? {
      try await connection.read()
    }
  }

  public func makeAsyncIterator() -> Iterator {
    Iterator(connection: self)
  }
}
