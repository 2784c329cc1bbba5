/// Bytes that have arrived on a connection, in memory of the library's that is used again.
///
/// A chunk is a value: keep it, copy it, send it to another thread. As long as one lives, its whole
/// buffer (64 KiB) does: copy a few bytes out of it (`Array(chunk)`) if they are to stay for long.
public struct Chunk: Sendable, RandomAccessCollection {
  let buffer: Buffer
  public let startIndex: Int
  public let endIndex: Int

  /// Copies bytes into a chunk of its own.
  ///
  /// - Precondition: There are at most 65,536 of them.
  public init(_ bytes: some Collection<UInt8>) {
    precondition(bytes.count <= Buffer.capacity, "A chunk holds at most 65,536 bytes")
    let buffer = Buffer()
    UnsafeMutableRawBufferPointer(start: buffer.bytes, count: Buffer.capacity).copyBytes(from: bytes)
    self.init(buffer, count: bytes.count)
  }

  init(_ buffer: Buffer, count: Int) {
    self.buffer = buffer
    startIndex = 0
    endIndex = count
  }

  private init(_ buffer: Buffer, _ range: Range<Int>) {
    self.buffer = buffer
    startIndex = range.lowerBound
    endIndex = range.upperBound
  }

  /// The byte at a position.
  public subscript(position: Int) -> UInt8 {
    precondition(position >= startIndex && position < endIndex, "A chunk has no byte at this position")
    return withExtendedLifetime(buffer) { buffer.bytes.load(fromByteOffset: position, as: UInt8.self) }
  }

  /// A part of the chunk; it shares the memory.
  public subscript(bounds: Range<Int>) -> Chunk {
    precondition(
      bounds.lowerBound >= startIndex && bounds.upperBound <= endIndex,
      "A chunk's part must lie inside it")
    return Chunk(buffer, bounds)
  }

  /// Lends the bytes to a function that does not keep them.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    // Its memory does not hold the buffer, which the optimizer else ends after its last use.
    try withExtendedLifetime(buffer) {
      try body(UnsafeRawBufferPointer(start: buffer.bytes + startIndex, count: count))
    }
  }

  public func withContiguousStorageIfAvailable<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result? {
    try withUnsafeBytes { try $0.withMemoryRebound(to: UInt8.self, body) }
  }
}
