/// Two-way bytes in order: a ``Connection``, or what stands in for one in a test.
///
/// Protocol code that is written against it runs over TCP and, under virtual time, over the in-memory
/// pairs of EpollLoopTesting.
public protocol ByteStream: AnyObject, Sendable {
  /// Reads what has arrived, waiting for at least one byte; nil at the end, and then for ever.
  func read() async throws -> Chunk?
  /// Writes all bytes, waiting as long as the peer is slow to take them.
  func write(_ bytes: Span<UInt8>) async throws
  /// Ends this direction; reading goes on.
  func finish() async throws
  /// Closes both directions so that the peer gets all that has been written.
  func close() async
  /// Breaks the stream off: the peer gets a reset.
  func abort()
}

extension ByteStream {
  /// Writes all bytes of an array.
  public func write(_ bytes: [UInt8]) async throws {
    try await write(bytes.span)
  }

  /// Writes a text as UTF-8.
  public func write(_ text: String) async throws {
    try await write(Array(text.utf8).span)
  }
}

extension Connection: ByteStream {}
