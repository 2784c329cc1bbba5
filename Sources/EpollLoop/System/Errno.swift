import Glibc

/// A reason the kernel gives for refusing something, as in errno(3).
public struct Errno: Error, Hashable, Sendable, RawRepresentable {
  /// The number, as `<errno.h>` names it.
  public let rawValue: Int32

  /// Wraps a number from `<errno.h>`.
  public init(rawValue: Int32) {
    self.rawValue = rawValue
  }

  /// Nothing can be done now without blocking; `EWOULDBLOCK` is the same number.
  public static let wouldBlock = Errno(rawValue: EAGAIN)
  /// A signal arrived first.
  public static let interrupted = Errno(rawValue: EINTR)
  /// A non-blocking connect has begun.
  public static let inProgress = Errno(rawValue: EINPROGRESS)
  /// The peer reset the connection.
  public static let connectionReset = Errno(rawValue: ECONNRESET)
  /// A connection was aborted before it was accepted.
  public static let connectionAborted = Errno(rawValue: ECONNABORTED)
  /// Nobody listens there.
  public static let connectionRefused = Errno(rawValue: ECONNREFUSED)
  /// The other end no longer reads.
  public static let brokenPipe = Errno(rawValue: EPIPE)
  /// The socket is not connected.
  public static let notConnected = Errno(rawValue: ENOTCONN)
  /// The address is taken.
  public static let addressInUse = Errno(rawValue: EADDRINUSE)
  /// This process has no descriptor left.
  public static let tooManyOpenFiles = Errno(rawValue: EMFILE)
  /// The system has no descriptor left.
  public static let tooManyOpenFilesInSystem = Errno(rawValue: ENFILE)
  /// The kernel has no buffer space.
  public static let noBufferSpace = Errno(rawValue: ENOBUFS)
  /// The kernel has no memory.
  public static let noMemory = Errno(rawValue: ENOMEM)
  /// The device has no room left; for epoll, the user's limit of watched descriptors is reached.
  public static let noSpace = Errno(rawValue: ENOSPC)
  /// The descriptor is not open, or was closed while it was waited for.
  public static let badFileDescriptor = Errno(rawValue: EBADF)
  /// The argument makes no sense there.
  public static let invalidArgument = Errno(rawValue: EINVAL)
  /// The operation is not permitted; for epoll, the file cannot be waited for.
  public static let notPermitted = Errno(rawValue: EPERM)
  /// The kernel has waited for the peer for too long; a timeout of the program's own is a ``TimeoutError``.
  public static let timedOut = Errno(rawValue: ETIMEDOUT)
  /// The file or the entry does not exist.
  public static let noSuchEntry = Errno(rawValue: ENOENT)
  /// It has been given up.
  public static let canceled = Errno(rawValue: ECANCELED)
}

extension Errno: CustomStringConvertible {
  /// The system's words for it, from strerror_r(3).
  public var description: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
      guard let start = buffer.baseAddress, strerror_r(rawValue, start, buffer.count) == 0 else {
        return "error \(rawValue)"
      }
      return String(cString: start)
    }
  }
}

extension Errno {
  /// Turns a shim's answer, a count or a negated errno, into a count or an error.
  @inline(__always)
  static func check<Number: SignedInteger & FixedWidthInteger>(
    _ result: Number
  ) throws(Errno) -> Number {
    guard result >= 0 else { throw Errno(rawValue: Int32(truncatingIfNeeded: 0 &- result)) }
    return result
  }

  /// What a broken kernel promise looks like: the descriptor is ours, so these cannot be.
  var isOurBug: Bool {
    rawValue == EBADF || rawValue == EFAULT || rawValue == ENOTSOCK
  }

  /// Whether the process or the machine has run out of something that comes back with time.
  var isShortage: Bool {
    switch self {
    case .tooManyOpenFiles, .tooManyOpenFilesInSystem, .noBufferSpace, .noMemory, .noSpace: true
    default: false
    }
  }
}
