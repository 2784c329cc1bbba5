/// A handle was used after its close, or was closed during the call.
///
/// ```swift
/// do { try await jobs.put(job) } catch is ClosedError { … }
/// ```
///
/// This side closed the handle. A peer that has gone is another error: ``IOError`` with ``Errno/brokenPipe`` or
/// ``Errno/connectionReset`` from a stream, ``ChannelError/broken`` from a channel.
public struct ClosedError: Error, Hashable, Sendable {
  /// The kinds of handles. Later versions may add cases: a `switch` needs a `default`.
  public enum Handle: String, Hashable, Sendable {
    /// A ``Connection`` or another ``ByteStream``.
    case stream
    /// A ``Listener``.
    case listener
    /// A ``Queue``.
    case queue
    /// One end of a ``Channel``.
    case channel
  }

  /// What was closed.
  public let handle: Handle
  /// The number of bytes of a failed write that the stream took, which are those at its beginning; nil if another
  /// operation failed.
  public let writtenByteCount: Int?

  /// Creates an error.
  ///
  /// - Parameter writtenByteCount: The number of bytes that a write has sent; nil for other operations.
  public init(_ handle: Handle, writtenByteCount: Int? = nil) {
    self.handle = handle
    self.writtenByteCount = writtenByteCount
  }
}

extension ClosedError: CustomStringConvertible {
  /// "the HANDLE is closed", for a write with the number of bytes that were written.
  public var description: String {
    "the \(handle.rawValue) is closed" + (writtenByteCount.map { " (\($0) bytes were written)" } ?? "")
  }
}
