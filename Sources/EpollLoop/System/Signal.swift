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

extension Signal: CustomStringConvertible {
  /// Its name in signal(7), such as "SIGINT"; "signal 42" for those that have none.
  public var description: String {
    guard let name = cepoll_signal_name(rawValue) else { return "signal \(rawValue)" }
    return "SIG" + String(cString: name)
  }
}

/// Signals as a readable descriptor: a handler, sigaction(2), takes them from the process while the source lives.
///
/// It takes them on whatever thread they arrive; no thread's mask changes. Several sources may take one signal: each
/// gets it. A signal that the process ignores when the source is created stays ignored. When the last source of a
/// signal goes, the process's previous action is back, and a signal that was read from no source is sent again.
final class SignalSource {
  private let source: OpaquePointer

  /// - Throws: ``Errno/invalidArgument`` for SIGKILL, SIGSTOP and the signals of faults, such as SIGSEGV; the reason
  ///   why there is no descriptor.
  init(_ signals: [Signal]) throws(Errno) {
    let mask = signals.reduce(UInt64(0)) { $0 | 1 << UInt64($1.rawValue - 1) }
    var source: OpaquePointer?
    _ = try Errno.check(cepoll_signal_open(mask, &source))
    guard let source else { preconditionFailure("cepoll_signal_open returned no source and no error") }
    self.source = source
  }

  deinit {
    cepoll_signal_close(source)
  }

  /// The descriptor's number, to be watched; it is readable until ``next()`` has returned nil.
  var number: Int32 { cepoll_signal_fd(source) }

  /// Takes the next signal that has arrived, or nil if there is none; many of one kind may count as one.
  func next() -> Signal? {
    let result = cepoll_signal_next(source)
    return result > 0 ? Signal(rawValue: result) : nil
  }
}
