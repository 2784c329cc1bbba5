/// Memory for one read.
// SAFETY: written only by a read that holds the sole reference, before it is handed out.
final class Buffer: @unchecked Sendable {
  /// How many bytes one read can bring.
  static let capacity = 65_536

  let bytes: UnsafeMutableRawPointer

  init() {
    bytes = .allocate(byteCount: Buffer.capacity, alignment: 64)
  }

  deinit {
    bytes.deallocate()
  }
}

/// Buffers that nobody needs at the moment: an idle connection holds none.
struct BufferPool: ~Copyable {
  /// How many are kept: reads need one after the other, so few are ever out at once.
  private static let limit = 64
  private var free: [Buffer] = []

  /// Takes a buffer.
  @inline(__always)
  mutating func take() -> Buffer {
    free.popLast() ?? Buffer()
  }

  /// Gives a buffer back that nobody else holds.
  @inline(__always)
  mutating func giveBack(_ buffer: Buffer) {
    if free.count < BufferPool.limit { free.append(buffer) }
  }
}
