import Glibc

/// Searches in memory, by the C library's vectorized functions.
enum ByteSearch {
  /// The offset of the first byte of a value, memchr(3); nil if there is none.
  static func firstOffset(of byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
    guard let start = bytes.baseAddress else { return nil }
    return memchr(start, Int32(byte), bytes.count).map { UnsafeRawPointer($0) - start }
  }
}
