import CEpollShim
import Glibc

/// A signal, as in signal(7).
public struct Signal: Hashable, Sendable, RawRepresentable {
  /// The number, 1 to 64.
  public let rawValue: Int32

  /// Wraps a number from `<signal.h>`.
  public init(rawValue: Int32) {
    precondition((1...64).contains(rawValue), "A signal's number is 1 to 64")
    self.rawValue = rawValue
  }

  /// SIGINT: the terminal's interrupt key.
  public static let interrupt = Signal(rawValue: SIGINT)
  /// SIGTERM: the polite request to end.
  public static let terminate = Signal(rawValue: SIGTERM)
  /// SIGUSR1: what the program makes of it.
  public static let user1 = Signal(rawValue: SIGUSR1)
  /// SIGHUP: the terminal is gone.
  public static let hangUp = Signal(rawValue: SIGHUP)
}

/// Signals as a readable descriptor, signalfd(2): blocked in this thread as long as it lives.
///
/// Threads that start later inherit the blocked mask; threads that ran before do not.
final class SignalSource {
  private let descriptor: FileDescriptor
  /// Those that were not blocked before.
  private let blocked: UInt64

  init(_ signals: [Signal]) throws(Errno) {
    let mask = signals.reduce(UInt64(0)) { $0 | 1 << UInt64($1.rawValue - 1) }
    descriptor = FileDescriptor(owning: try Errno.check(cepoll_signal_create(mask)))
    var previous: UInt64 = 0
    _ = cepoll_signal_block(mask, &previous)
    blocked = mask & ~previous
  }

  deinit {
    // Others may have been blocked meanwhile, for sources that live on.
    var present: UInt64 = 0
    _ = cepoll_signal_block(0, &present)
    _ = cepoll_signal_restore(present & ~blocked)
  }

  /// The descriptor's number, to be watched.
  var number: Int32 { descriptor.number }

  /// Takes the next pending signal, or nil if there is none; many of one kind count once.
  func next() -> Signal? {
    let result = cepoll_signal_read(descriptor.number)
    return result > 0 ? Signal(rawValue: result) : nil
  }
}
