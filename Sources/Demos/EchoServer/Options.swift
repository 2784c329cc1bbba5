import Glibc

/// What the command line says.
struct Options {
  var host = "127.0.0.1"
  var port: UInt16 = 7777
  var maximumConnections = Int.max
  var idleTimeout: Duration?
  var grace = Duration.seconds(5)

  static let help = """
    usage: echo-server [options]

    Sends every byte back to where it came from, on one thread.

      --host ADDRESS          numeric address to listen on (127.0.0.1)
      --port PORT             port, 0 to 65535; 0 picks a free one (7777)
      --max-connections N     serve at most N at once (no limit)
      --idle-timeout SECONDS  break a connection off after so long without traffic (never)
      --grace SECONDS         after SIGINT or SIGTERM let connections end for so long (5)
      --help                  print this and exit
    """

  /// Reads the arguments; on a mistake says what is wrong and exits with 64 (EX_USAGE of sysexits.h).
  static func parse(_ arguments: [String]) -> Options {
    var options = Options()
    var rest = arguments[...]
    while let name = rest.popFirst() {
      switch name {
      case "--help", "-h":
        print(help)
        exit(0)
      case "--host": options.host = value(of: name, &rest) { $0.isEmpty ? nil : $0 }
      case "--port": options.port = value(of: name, &rest, UInt16.init)
      case "--max-connections": options.maximumConnections = value(of: name, &rest, positiveCount)
      case "--idle-timeout":
        options.idleTimeout = value(of: name, &rest) { duration($0).flatMap { $0 > .zero ? $0 : nil } }
      case "--grace": options.grace = value(of: name, &rest, duration)
      default: refuse("unknown option '\(name)'")
      }
    }
    return options
  }

  private static func value<Value>(
    of name: String, _ rest: inout ArraySlice<String>, _ read: (String) -> Value?
  ) -> Value {
    guard let text = rest.popFirst() else { refuse("\(name) needs a value") }
    guard let value = read(text) else { refuse("\(name) cannot be '\(text)'") }
    return value
  }

  private static func positiveCount(_ text: String) -> Int? {
    Int(text).flatMap { $0 > 0 ? $0 : nil }
  }

  /// A duration of up to a hundred years; "inf" and "nan" are none.
  private static func duration(_ text: String) -> Duration? {
    Double(text).flatMap { (0...3.2e9).contains($0) ? .seconds($0) : nil }
  }

  private static func refuse(_ problem: String) -> Never {
    complain("echo-server: \(problem) (see --help)")
    exit(64)
  }
}

/// Prints a line on standard output, at once.
func say(_ line: String) {
  print(line)
  fflush(nil)
}

/// Prints a line on standard error.
func complain(_ line: String) {
  _ = (line + "\n").withCString { write(2, $0, strlen($0)) }
}
