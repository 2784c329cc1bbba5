/// Two-way bytes in order: a ``Connection``, or its replacement in a test.
///
/// Protocol code that is written against it runs over TCP and, under virtual time, over the in-memory
/// pairs of EpollLoopTesting. An echo over any stream:
///
/// ```swift
/// func echo(_ stream: some ByteStream) async throws {
///   for try await chunk in stream { try await stream.write(chunk) }
/// }
/// ```
///
/// Reads and writes take and return values that own their bytes. A call that waits must not borrow a place of the
/// caller's, such as a span of an array: another task could replace the array meanwhile.
///
/// A stream is used on the thread of its loop only; another thread traps. Every stream keeps the following contract, which
/// `ByteStreamCheck` of EpollLoopTesting checks for a pair of streams:
///
/// - **Errors.** A call on a stream that this end has closed or broken off, before or during the call, throws
///   ``ClosedError``. A call on a stream that the peer has broken throws ``IOError`` with ``Errno/connectionReset``
///   or ``Errno/brokenPipe``. A stream that was reset stays broken: each later read throws ``Errno/connectionReset``
///   again, and each later write fails. The errors of a write have its byte count.
/// - **Cancellation.** `CancellationError` means that nothing was taken: no byte read, no byte written, no direction
///   ended. A call that was woken before it was cancelled succeeds.
/// - **Fairness.** A task whose calls succeed at once gives way to others at every 32nd.
/// - **Dropping.** A stream whose last reference is gone is closed without a wait: the peer gets the end, or a reset if
///   input was left unread.
public protocol ByteStream: AnyObject, Sendable, AsyncSequence where Element == Chunk, Failure == any Error {
  /// Reads at most `count` of the bytes that have arrived, waiting for at least one.
  ///
  /// At most one task may read at a time; a second reader traps. If the task is cancelled, no byte is taken, not even
  /// one that has arrived.
  ///
  /// - Parameter count: The maximum number of bytes to return; greater than zero. A call returns 64 KiB at most.
  /// - Returns: At least one byte; nil at the end of the stream, and then always.
  /// - Throws: ``IOError`` if the stream is broken: bytes that had arrived before may be read first. ``ClosedError``
  ///   if this end is closed, or is during the wait. `CancellationError` if the task is cancelled.
  func read(upTo count: Int) async throws -> Chunk?
  /// Reads the bytes that have arrived, 64 KiB at most, waiting for at least one; as ``read(upTo:)``.
  func read() async throws -> Chunk?
  /// Writes all bytes, waiting as long as the peer is slow to take them.
  ///
  /// Several tasks may write: each write goes out whole, in the order of the calls. A write that need not wait goes
  /// out although its task is cancelled. An empty write sends nothing, and fails where a write would that finds this
  /// end closed or half-closed.
  ///
  /// - Throws: ``IOError`` with ``Errno/brokenPipe`` if this direction was half-closed, with another reason if the
  ///   stream is broken; ``ClosedError`` if this end is closed before the write begins, is broken off, or is closed
  ///   and its ``close()`` cannot wait any longer. If the task is cancelled and has to wait, for its turn or for
  ///   room: `CancellationError` if no byte has gone, else ``IOError`` with ``Errno/canceled``.
  ///   ``IOError/writtenByteCount`` and ``ClosedError/writtenByteCount`` are the number of bytes that have gone; the
  ///   peer gets no others.
  func write(_ bytes: [UInt8]) async throws
  /// Writes all bytes of a chunk; as ``write(_:)-([UInt8])``.
  func write(_ chunk: Chunk) async throws
  /// Half-closes: the peer reads the end of the stream after all that was written. Reading goes on.
  ///
  /// It waits for its turn as a write does. Writes that wait behind it fail as later ones do.
  ///
  /// - Throws: ``IOError`` with ``Errno/brokenPipe`` if it was half-closed before, with another reason if the stream is
  ///   broken; ``ClosedError`` if this end is closed; `CancellationError` if the task is cancelled and has to wait, and
  ///   then nothing has been ended.
  func finish() async throws
  /// Closes both directions so that the peer gets all that has been written.
  ///
  /// A read that waits fails at once with ``ClosedError``, and so do later calls. Writes that are under way, and
  /// those that wait for their turn, go on; then this direction is ended. Meanwhile what the peer sends is read and
  /// dropped. The call returns when nothing that was written can be lost, in a limited time, for an idle peer at
  /// once. If its task is cancelled, the stream is closed at once, and what is under way may be lost. It has no
  /// effect when called again.
  func close() async
  /// Breaks the stream off: the peer gets a reset, and what it has not read yet may be lost.
  ///
  /// Calls that wait, a ``close()`` among them, end at once. It has no effect on a stream that is closed: what was
  /// written still arrives.
  func abort()
}

extension ByteStream {
  /// Reads the bytes that have arrived, 64 KiB at most, waiting for at least one; as ``read(upTo:)``.
  public func read() async throws -> Chunk? {
    try await read(upTo: Buffer.capacity)
  }

  /// Writes the bytes of any collection; copies them first. As ``write(_:)-([UInt8])``.
  public func write(_ bytes: some Collection<UInt8>) async throws {
    try await write(Array(bytes))
  }

  /// Writes all bytes of a part of an array; copies them. As ``write(_:)-([UInt8])``.
  public func write(_ bytes: ArraySlice<UInt8>) async throws {
    try await write(Array(bytes))
  }

  /// Writes a text as UTF-8; copies it. As ``write(_:)-([UInt8])``.
  public func write(_ text: String) async throws {
    try await write(Array(text.utf8))
  }

  /// Writes a part of a text as UTF-8; copies it. As ``write(_:)-([UInt8])``.
  public func write(_ text: Substring) async throws {
    try await write(Array(text.utf8))
  }

  /// Gives the chunks that arrive, in order, until the peer ends its direction.
  public func makeAsyncIterator() -> ByteStreamIterator {
    ByteStreamIterator(stream: self)
  }
}

/// The chunks of a ``ByteStream`` that has no iterator of its own.
public struct ByteStreamIterator: AsyncIteratorProtocol {
  fileprivate let stream: any ByteStream

  /// The next chunk; as ``ByteStream/read()``.
  public func next(isolation: isolated (any Actor)?) async throws -> Chunk? {
    try await stream.read()
  }

  /// The next chunk; as ``ByteStream/read()``.
  public func next() async throws -> Chunk? {
    try await stream.read()
  }
}

extension Connection: ByteStream {}
