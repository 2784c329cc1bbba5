extension Connection {
  /// Writes all bytes, waiting as long as the peer is slow to take them.
  ///
  /// The call holds the array: a variable that it comes from may be given another value meanwhile.
  ///
  /// Several tasks may write: each write goes out whole, in the order of the calls. No bytes are
  /// queued in the library; what has been written is in the kernel's buffer or further.
  ///
  /// A write that need not wait goes out although its task is cancelled, so that a goodbye can be sent.
  /// Hence a loop that only writes, to a peer that is quick to read, calls `Task.checkCancellation()`.
  ///
  /// - Throws: ``IOError`` if the connection breaks; no SIGPIPE is raised. ``ClosedError`` if it is closed.
  ///   `CancellationError` if the task is cancelled and has to wait, for its turn or for room, and no byte has gone; if
  ///   some have, ``IOError`` with ``Errno/canceled``. The first two have the number of bytes that have gone
  ///   (``IOError/writtenByteCount``, ``ClosedError/writtenByteCount``).
  /// - Complexity: one `send(2)` if the kernel has room; no allocation.
  public func write(_ bytes: [UInt8]) async throws {
    try await write(count: bytes.count) { stream, offset in
      try bytes.withUnsafeBytes { try stream.trySend($0, from: offset) }
    }
  }

  /// Writes a chunk; as ``write(_:)-([UInt8])``.
  public func write(_ chunk: Chunk) async throws {
    try await write(count: chunk.count) { stream, offset in
      try chunk.withUnsafeBytes { try stream.trySend($0, from: offset) }
    }
  }

  /// Writes a part of an array, without a copy; as ``write(_:)-([UInt8])``.
  public func write(_ bytes: ArraySlice<UInt8>) async throws {
    try await write(count: bytes.count) { stream, offset in
      try bytes.withUnsafeBytes { try stream.trySend($0, from: offset) }
    }
  }

  /// Writes a text as UTF-8, without a copy; as ``write(_:)-([UInt8])``.
  public func write(_ text: String) async throws {
    var text = text
    try await write(count: text.utf8.count) { stream, offset in
      try text.withUTF8 { try stream.trySend(UnsafeRawBufferPointer($0), from: offset) }
    }
  }

  /// Writes a part of a text as UTF-8, without a copy; as ``write(_:)-([UInt8])``.
  public func write(_ text: Substring) async throws {
    var text = text
    try await write(count: text.utf8.count) { stream, offset in
      try text.withUTF8 { try stream.trySend(UnsafeRawBufferPointer($0), from: offset) }
    }
  }

  /// Writes the bytes that the kernel has room for now, without waiting.
  ///
  /// The caller keeps the rest: to write it with ``write(_:)-(ArraySlice<UInt8>)``, or to drop it.
  ///
  /// - Returns: The number of bytes that have gone, from the first on; 0 if there is no room, or if another task writes or
  ///   waits to: its bytes are not mixed with these.
  /// - Throws: ``IOError`` if the connection breaks or this direction was half-closed; ``ClosedError`` if it is closed.
  /// - Complexity: at most one `send(2)`; no allocation.
  public func tryWrite(_ bytes: [UInt8]) throws -> Int {
    try tryWrite(count: bytes.count) { stream in try bytes.withUnsafeBytes { try stream.trySend($0, from: 0) } }
  }

  /// Writes what there is room for of a part of an array; as ``tryWrite(_:)-([UInt8])``.
  public func tryWrite(_ bytes: ArraySlice<UInt8>) throws -> Int {
    try tryWrite(count: bytes.count) { stream in try bytes.withUnsafeBytes { try stream.trySend($0, from: 0) } }
  }

  /// Writes what there is room for of a chunk; as ``tryWrite(_:)-([UInt8])``.
  public func tryWrite(_ chunk: Chunk) throws -> Int {
    try tryWrite(count: chunk.count) { stream in try chunk.withUnsafeBytes { try stream.trySend($0, from: 0) } }
  }

  /// Ends this direction: the peer reads the end of the stream after all that was written.
  ///
  /// It waits for writes that are under way. Reading goes on.
  ///
  /// - Throws: ``IOError`` if it has been ended before, or the connection is broken; ``ClosedError`` if it is closed;
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

  /// Writes `count` bytes in this task's turn.
  ///
  /// - Parameter trySend: Sends from an offset on, without waiting. The memory is lent for that call only: no address
  ///   is kept over a wait.
  @inline(__always)
  private func write(count: Int, _ trySend: (_ stream: Stream, _ offset: Int) throws -> Int) async throws {
    bound.check("Connection.write")
    let stream = bound.unchecked
    guard count > 0 else { return try stream.checkWritable() }
    if try !stream.beginWriting(.write) { try await stream.waitForTurn(.write) }
    var sent = 0
    do {
      // One call, so that it is inlined.
      while true {
        sent += try trySend(stream, sent)
        if sent == count { break }
        try await stream.waitToWrite()
      }
    } catch {
      stream.endWriting()
      throw Connection.writeError(error, sent: sent, of: count)
    }
    stream.endWriting()
    if stream.core.spend() { await stream.core.giveWay() }
  }

  /// Writes once, if no other task has the turn.
  @inline(__always)
  private func tryWrite(count: Int, _ trySend: (_ stream: Stream) throws -> Int) throws -> Int {
    let stream = bound.open("Connection.tryWrite")
    guard try stream.beginWriting(.write) else { return 0 }
    defer { stream.endWriting() }
    guard count > 0 else { return 0 }
    do {
      return try trySend(stream)
    } catch {
      throw Connection.writeError(error, sent: 0, of: count)
    }
  }

  private static func writeError(_ error: any Error, sent: Int, of count: Int) -> any Error {
    if error is CancellationError, sent == 0 { return error }
    let reason = (error as? Errno) ?? .canceled
    // A closed registration refuses with EBADF; the kernel does not, since the descriptor is the stream's.
    if error is ClosedError || reason == .badFileDescriptor { return ClosedError(.stream, writtenByteCount: sent) }
    return IOError(.write, reason, "\(sent) of \(count) bytes were written", writtenByteCount: sent)
  }
}

extension Stream {
  /// An empty write sends nothing, but says whether one could be made.
  fileprivate func checkWritable() throws {
    try checkOpen(.write)
    if case .finished = writing { throw Stream.finished(.write) }
  }
}
