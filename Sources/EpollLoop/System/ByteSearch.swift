import Glibc

/// Searches in memory, by the C library's vectorized functions.
enum ByteSearch {
  /// Whether two pieces of memory have the same bytes, memcmp(3).
  static func areEqual(_ one: UnsafeRawBufferPointer, _ other: UnsafeRawBufferPointer) -> Bool {
    guard one.count == other.count else { return false }
    guard let start = one.baseAddress, let otherStart = other.baseAddress, start != otherStart else { return true }
    return memcmp(start, otherStart, one.count) == 0
  }

  /// The offset of the first byte of a value, memchr(3); nil if there is none.
  static func firstOffset(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress else { return nil }
    return memchr(start, Int32(byte), bytes.count).map { UnsafeRawPointer($0) - start }
  }
}
