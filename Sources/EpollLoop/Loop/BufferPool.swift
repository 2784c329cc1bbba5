/// Memory for one read.
// SAFETY: written only by a read that holds the sole reference, before it is handed out.
@usableFromInline
final class Buffer: @unchecked Sendable {
  /// How many bytes one read can bring.
  static let capacity = 65_536

  @usableFromInline let bytes: UnsafeMutableRawPointer

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
  private let free = UnsafeMutablePointer<Buffer>.allocate(capacity: BufferPool.limit)
  private var count = 0

  deinit {
    free.deinitialize(count: count)
    free.deallocate()
  }

  /// Takes a buffer.
  @inline(__always)
  mutating func take() -> Buffer {
    guard count > 0 else { return Buffer() }
    count -= 1
    return (free + count).move()
  }

  /// Gives a buffer back that nobody else holds.
  @inline(__always)
  mutating func giveBack(_ buffer: consuming Buffer) {
    guard count < BufferPool.limit else { return }
    (free + count).initialize(to: buffer)
    count += 1
  }
}
