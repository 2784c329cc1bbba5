extension Connection {
  /// Writes all bytes, waiting as long as the peer is slow to take them.
  ///
  /// Several tasks may write: each write goes out whole, in the order of the calls. No bytes are
  /// queued in the library; what has been written is in the kernel's buffer or further.
  ///
  /// A write that need not wait goes out although its task is cancelled, so that a goodbye can be sent.
  /// Hence a loop that only writes, to a peer that is quick to read, calls `Task.checkCancellation()`.
  ///
  /// - Throws: ``IOError`` if the connection breaks or is closed; no SIGPIPE is raised.
  ///   `CancellationError` if the task is cancelled and has to wait, for its turn or for room, and no byte
  ///   has gone; if some have, ``IOError`` with ``Errno/canceled`` that says how many.
  /// - Complexity: one `send(2)` if the kernel has room; no allocation.
  public func write(_ bytes: Span<UInt8>) async throws {
    // SAFETY: the caller lends the memory until this function returns.
    defer { Connection.hold(bytes) }
    try await write(Connection.address(of: bytes), count: bytes.count)
  }

  /// Writes a chunk; as ``write(_:)-(Span<UInt8>)``.
  public func write(_ chunk: Chunk) async throws {
    // SAFETY: the chunk holds its memory until this function returns.
    defer { withExtendedLifetime(chunk) {} }
    try await write(chunk.buffer.bytes + chunk.startIndex, count: chunk.count)
  }

  /// Ends this direction: the peer reads the end of the stream after all that was written.
  ///
  /// It waits for writes that are under way. Reading goes on.
  ///
  /// - Throws: ``IOError`` if it has been ended before, or the connection is broken or closed;
  ///   `CancellationError` if the task is cancelled and has to wait for its turn, and then nothing has been
  ///   ended.
  public func finish() async throws {
    let stream = bound.open("Connection.finish")
    if try !stream.beginWriting(.finish) { try await stream.waitForTurn(.finish) }
    do {
      try stream.finish()
    } catch {
      throw IOError(.finish, error)
    }
  }

  @inline(__always)
  private func write(_ bytes: UnsafeRawPointer?, count: Int) async throws {
    bound.check("Connection.write")
    let stream = bound.unchecked
    guard let bytes, count > 0 else { return try stream.checkWritable() }
    if try !stream.beginWriting(.write) { try await stream.waitForTurn(.write) }
    var sent = 0
    do {
      sent = try stream.trySend(bytes, count: count)
      while sent < count {
        try await stream.waitToWrite()
        sent += try stream.trySend(bytes + sent, count: count - sent)
      }
    } catch {
      stream.endWriting()
      throw Connection.writeError(error, sent: sent, of: count)
    }
    stream.endWriting()
    if stream.core.spend() { await stream.core.giveWay() }
  }

  private static func writeError(_ error: any Error, sent: Int, of count: Int) -> any Error {
    if let reason = error as? Errno { return IOError(.write, reason) }
    guard error is CancellationError, sent > 0 else { return error }
    return IOError(.write, .canceled, "\(sent) of \(count) bytes were written")
  }

  private static func address(of bytes: Span<UInt8>) -> UnsafeRawPointer? {
    bytes.withUnsafeBytes { $0.baseAddress }
  }

  /// Keeps memory, of which only an address is in use, from being let go of before this call.
  private static func hold(_ bytes: Span<UInt8>) {
    withExtendedLifetime(bytes) {}
  }
}

extension Stream {
  /// An empty write sends nothing, but says whether one could be made.
  fileprivate func checkWritable() throws {
    try checkOpen(.write)
    if case .finished = writing { throw IOError(.write, .brokenPipe, "this end has finished writing") }
  }
}
