/// What went wrong, in which operation, and why.
public struct IOError: Error, Hashable, Sendable {
  /// What was being done, such as ``connect``.
  public struct Operation: Hashable, Sendable, CustomStringConvertible {
    /// Its name, for people.
    public let description: String

    /// Names an operation.
    public init(_ name: String) {
      description = name
    }
  }

  /// What was being done.
  public let operation: Operation
  /// Why it failed.
  public let reason: Errno
  /// More of it for people, such as the address; may be empty.
  public let detail: String
  /// The number of bytes of a failed write that the kernel took; nil if another operation failed.
  ///
  /// It is 0 for a write that failed before its first byte. The bytes are those at the beginning.
  public let writtenByteCount: Int?

  /// Creates an error.
  ///
  /// - Parameter writtenByteCount: The number of bytes of a write that have gone; for other operations without effect.
  public init(_ operation: Operation, _ reason: Errno, _ detail: String = "", writtenByteCount: Int = 0) {
    self.operation = operation
    self.reason = reason
    self.detail = detail
    self.writtenByteCount = operation == .write ? writtenByteCount : nil
  }
}

extension IOError.Operation {
  /// Making an event loop.
  public static let makeLoop = Self("make an event loop")
  /// Handing work to a loop.
  public static let execute = Self("execute")
  /// Running a loop.
  public static let run = Self("run")
  /// Watching a descriptor.
  public static let watch = Self("watch")
  /// Looking a name up.
  public static let resolve = Self("resolve")
  /// Connecting to a peer.
  public static let connect = Self("connect")
  /// Listening for connections.
  public static let listen = Self("listen")
  /// Accepting a connection.
  public static let accept = Self("accept")
  /// Reading.
  public static let read = Self("read")
  /// Writing.
  public static let write = Self("write")
  /// Ending the writing direction.
  public static let finish = Self("finish")
  /// Closing.
  public static let close = Self("close")
  /// Changing an option.
  public static let configure = Self("configure")
  /// Starting a thread.
  public static let startThread = Self("start a thread")
}

extension IOError: CustomStringConvertible {
  /// "cannot OPERATION: REASON (DETAIL)".
  public var description: String {
    "cannot \(operation): \(reason)" + (detail.isEmpty ? "" : " (\(detail))")
  }
}
