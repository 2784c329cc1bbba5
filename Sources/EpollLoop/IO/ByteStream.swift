/// Two-way bytes in order: a ``Connection``, or its replacement in a test.
///
/// Protocol code that is written against it runs over TCP and, under virtual time, over the in-memory
/// pairs of EpollLoopTesting.
///
/// Reads and writes take and return values that own their bytes. A call that waits must not borrow a place of the
/// caller's, such as a span of an array: another task could replace the array meanwhile.
public protocol ByteStream: AnyObject, Sendable {
  /// Reads at most `count` of the bytes that have arrived, waiting for at least one.
  ///
  /// - Parameter count: The maximum number of bytes to return; greater than zero. A call returns 64 KiB at most.
  /// - Returns: At least one byte; nil at the end of the stream, and then always.
  func read(upTo count: Int) async throws -> Chunk?
  /// Reads the bytes that have arrived, 64 KiB at most, waiting for at least one; nil at the end, and then always.
  func read() async throws -> Chunk?
  /// Writes all bytes, waiting as long as the peer is slow to take them.
  func write(_ bytes: [UInt8]) async throws
  /// Writes all bytes of a chunk, waiting as long as the peer is slow to take them.
  func write(_ chunk: Chunk) async throws
  /// Ends this direction; reading goes on.
  func finish() async throws
  /// Closes both directions so that the peer gets all that has been written.
  func close() async
  /// Breaks the stream off: the peer gets a reset.
  func abort()
}

extension ByteStream {
  /// Reads the bytes that have arrived, 64 KiB at most, waiting for at least one; nil at the end, and then always.
  public func read() async throws -> Chunk? {
    try await read(upTo: Buffer.capacity)
  }

  /// Writes all bytes of a part of an array; copies them.
  public func write(_ bytes: ArraySlice<UInt8>) async throws {
    try await write(Array(bytes))
  }

  /// Writes a text as UTF-8; copies it.
  public func write(_ text: String) async throws {
    try await write(Array(text.utf8))
  }

  /// Writes a part of a text as UTF-8; copies it.
  public func write(_ text: Substring) async throws {
    try await write(Array(text.utf8))
  }
}

extension Connection: ByteStream {}
