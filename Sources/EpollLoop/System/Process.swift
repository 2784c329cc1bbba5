import CEpollShim
import Glibc

/// The whole process.
enum Process {
  /// Makes writes to a broken pipe an error for the whole process instead of its end.
  ///
  /// Sockets do without (`MSG_NOSIGNAL`), but pipes and sendfile(2) do not. What the program has set for SIGPIPE
  /// stays, and programs that it starts have the default action.
  static func ignoreBrokenPipes() {
    _ = cepoll_signal_ignore_pipe()
  }

  /// Ends the process as a signal without a handler does, so that its parent sees why.
  static func end(by signal: Signal) -> Never {
    _ = Glibc.signal(signal.rawValue, SIG_DFL)
    var blocked = sigset_t()
    sigemptyset(&blocked)
    sigaddset(&blocked, signal.rawValue)
    pthread_sigmask(SIG_UNBLOCK, &blocked, nil)
    kill(getpid(), signal.rawValue)
    // The first process of a container does not end by a signal without a handler.
    Glibc.exit(128 + signal.rawValue)
  }

  /// Ends the process with one line on standard error, "PROGRAM: TEXT", and a status; exit(3).
  static func exit(_ status: Int32 = 1, saying text: String) -> Never {
    let program = CommandLine.arguments.first?.split(separator: "/").last ?? "EpollLoop"
    // One line, whatever an error says of itself.
    StandardError.write("\(program): \(text.split(whereSeparator: \.isNewline).joined(separator: " "))\n")
    Glibc.exit(status)
  }

  /// A variable of the environment, getenv(3); nil if it is not set.
  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// Ends the process as a program that has done its work; exit(3).
  static func exitWithSuccess() -> Never { Glibc.exit(0) }

  /// Whether this is a package's tests: SwiftPM names their program `….xctest`.
  static var isTest: Bool { CommandLine.arguments.first?.hasSuffix(".xctest") == true }

  /// Has a function called when the process exits, atexit(3).
  static func atExit(_ body: @convention(c) () -> Void) {
    _ = atexit(body)
  }

  /// Has a function called in each child that the process forks, pthread_atfork(3).
  static func atFork(_ body: @convention(c) () -> Void) {
    cepoll_at_fork(body)
  }
}
