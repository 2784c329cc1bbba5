import CEpollShim
import Glibc

/// The whole process.
enum Process {
  /// Makes writes to a broken pipe an error for the whole process instead of its end.
  ///
  /// Sockets do without (`MSG_NOSIGNAL`), but pipes and sendfile(2) do not. A handler that the
  /// program has set stays.
  static func ignoreBrokenPipes() {
    _ = cepoll_signal_ignore_pipe()
  }

  /// Ends the process as a signal without a handler does, so that its parent sees why.
  static func end(by signal: Signal) -> Never {
    _ = Glibc.signal(signal.rawValue, SIG_DFL)
    _ = kill(getpid(), signal.rawValue)
    // It is blocked as long as the loop reads it from a descriptor.
    _ = cepoll_signal_restore(0)
    exit(128 + signal.rawValue)
  }

  /// Has a function called when the process exits, atexit(3).
  static func atExit(_ body: @convention(c) () -> Void) {
    _ = atexit(body)
  }
}
