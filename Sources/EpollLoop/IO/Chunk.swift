/// Bytes that have arrived on a connection, in memory of the library's that is used again.
///
/// A chunk is a value: keep it, copy it, send it to another thread. As long as one lives, its whole
/// buffer (64 KiB) does: copy a few bytes out of it (`Array(chunk)`) if they are to stay for long.
///
/// Copying it, `append(contentsOf:)` and `firstIndex(of:)` each take one call of the C library, in debug builds too.
public struct Chunk: Sendable, RandomAccessCollection {
  @usableFromInline let buffer: Buffer
  /// The position of the first byte; a part keeps the positions of the whole.
  public let startIndex: Int
  /// The position behind the last byte.
  public let endIndex: Int

  /// Copies bytes into a chunk of its own.
  ///
  /// - Precondition: There are at most 65,536 of them.
  public init(_ bytes: some Collection<UInt8>) {
    let buffer = Buffer()
    // A collection may be wrong about its count: only what is really copied is counted.
    let copied = bytes.withContiguousStorageIfAvailable { source in
      Chunk.checkCapacity(source.count)
      UnsafeMutableRawBufferPointer(start: buffer.bytes, count: Buffer.capacity).copyMemory(from: .init(source))
      return source.count
    }
    if let copied {
      self.init(buffer, count: copied)
      return
    }
    var count = 0
    for byte in bytes {
      Chunk.checkCapacity(count + 1)
      buffer.bytes.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
      count += 1
    }
    self.init(buffer, count: count)
  }

  init(_ buffer: Buffer, count: Int) {
    self.init(buffer, 0..<count)
  }

  private init(_ buffer: Buffer, _ range: Range<Int>) {
    self.buffer = buffer
    startIndex = range.lowerBound
    endIndex = range.upperBound
  }

  private static func checkCapacity(_ count: Int) {
    precondition(count <= Buffer.capacity, "A chunk holds at most 65,536 bytes")
  }

  /// The byte at a position.
  @inlinable
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
  @inlinable
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    // Its memory does not hold the buffer, which the optimizer else ends after its last use.
    try withExtendedLifetime(buffer) {
      try body(UnsafeRawBufferPointer(start: buffer.bytes + startIndex, count: endIndex - startIndex))
    }
  }

  /// Lends the bytes to a function that does not keep them; never nil.
  @inlinable
  public func withContiguousStorageIfAvailable<Result>(
    _ body: (UnsafeBufferPointer<UInt8>) throws -> Result
  ) rethrows -> Result? {
    try withUnsafeBytes { try $0.withMemoryRebound(to: UInt8.self, body) }
  }
}

extension Chunk {
  /// The bytes in place, without a copy, for as long as the chunk is borrowed.
  ///
  /// Hold it over no wait if another task may replace the chunk meanwhile, as in a stored variable: put the chunk into a
  /// `let` first.
  public var span: Span<UInt8> {
    @_lifetime(borrow self)
    borrowing get {
      let start = (buffer.bytes + startIndex).assumingMemoryBound(to: UInt8.self)
      return _overrideLifetime(Span(_unsafeStart: start, count: endIndex - startIndex), borrowing: self)
    }
  }

  /// The bytes in place, without a type; as ``span``.
  public var bytes: RawSpan {
    @_lifetime(borrow self)
    borrowing get {
      let start = UnsafeRawPointer(buffer.bytes + startIndex)
      return _overrideLifetime(RawSpan(_unsafeStart: start, byteCount: endIndex - startIndex), borrowing: self)
    }
  }
}

// What the standard library calls to copy and to search. Its defaults take a generic call for each byte: 16 ms for 64
// KiB in a debug build.
extension Chunk {
  /// Gives the bytes one after the other.
  public struct Iterator: IteratorProtocol, Sendable {
    @usableFromInline let chunk: Chunk
    @usableFromInline var position: Int

    @inlinable
    init(_ chunk: Chunk, at position: Int) {
      self.chunk = chunk
      self.position = position
    }

    /// The next byte; nil at the end.
    @inlinable
    public mutating func next() -> UInt8? {
      guard position < chunk.endIndex else { return nil }
      defer { position += 1 }
      return chunk[position]
    }
  }

  /// Gives the bytes from the first on.
  @inlinable
  public func makeIterator() -> Iterator { Iterator(self, at: startIndex) }

  /// Copies bytes into memory that is not initialized, as many as fit; for `Array(_:)` and `append(contentsOf:)`.
  public func _copyContents(initializing target: UnsafeMutableBufferPointer<UInt8>) -> (Iterator, Int) {
    let count = Swift.min(target.count, endIndex - startIndex)
    withUnsafeBytes { source in
      UnsafeMutableRawBufferPointer(target).copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
    }
    return (Iterator(self, at: startIndex + count), count)
  }

  /// The position of the first byte of a value, for `firstIndex(of:)`; `.some(nil)` if there is none.
  public func _customIndexOfEquatableElement(_ element: UInt8) -> Int?? {
    .some(withUnsafeBytes { ByteSearch.firstOffset(of: element, in: $0) }.map { startIndex + $0 })
  }

  /// Whether there is a byte of a value, for `contains(_:)`.
  public func _customContainsEquatableElement(_ element: UInt8) -> Bool? {
    withUnsafeBytes { ByteSearch.firstOffset(of: element, in: $0) } != nil
  }
}

extension Chunk: Hashable {
  /// Whether two chunks have the same bytes, wherever they stand; one memcmp(3).
  public static func == (one: Chunk, other: Chunk) -> Bool {
    one.withUnsafeBytes { bytes in other.withUnsafeBytes { ByteSearch.areEqual(bytes, $0) } }
  }

  /// Feeds the bytes to a hasher.
  public func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    withUnsafeBytes { hasher.combine(bytes: $0) }
  }
}
