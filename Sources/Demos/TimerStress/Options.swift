import Glibc

/// What the command line says.
struct Options {
  var timers = 1_000_000
  var seed: UInt64 = 1
  /// How many of the timers something tries to cancel, 0 to 1.
  var cancelFraction = 0.3
  /// How far ahead deadlines are at the most, in nanoseconds.
  var spread: Int64 = 2_000_000_000
  var isVirtual = false
  var isJSON = false
  var isCheck = false

  static let help = """
    usage: timer-stress [options]

    Schedules, moves and cancels timers at random, from callbacks and from tasks, while streams are busy, and
    checks that each fires once or was cancelled, none early, none out of order, none lost.

      --timers N           how many timers (1,000,000; with --check 20,000)
      --seed S             what determines the random choices (1)
      --cancel-fraction F  how many of them something tries to cancel, 0 to 1 (0.3)
      --spread DURATION    how far ahead deadlines are at the most, such as 500us, 100ms or 2s (2s; with --check 100ms)
      --virtual            on a virtual clock: two runs of one seed print the same digest of all firings
      --json               print one JSON object a run instead of text
      --check              a small run, then two virtual ones whose digests must be the same
      --help               print this and exit

    Lateness is that of the loop's own clock; time is CPU time of the process, streams included. Exit 1 at a
    violation, with a line that names the first.
    """

  /// Reads the arguments; on a mistake says what is wrong and exits with 64 (EX_USAGE of sysexits.h).
  static func parse(_ arguments: [String]) -> Options {
    var options = Options()
    // What is not said otherwise is small for a check.
    if arguments.contains("--check") { (options.timers, options.spread) = (20_000, 100_000_000) }
    var rest = arguments[...]
    while let name = rest.popFirst() {
      switch name {
      case "--help", "-h":
        print(help)
        exit(0)
      case "--timers": options.timers = value(of: name, &rest) { Int($0).flatMap { 1...100_000_000 ~= $0 ? $0 : nil } }
      case "--seed": options.seed = value(of: name, &rest) { UInt64($0) }
      case "--cancel-fraction":
        options.cancelFraction = value(of: name, &rest) { Double($0).flatMap { 0...1 ~= $0 ? $0 : nil } }
      case "--spread": options.spread = value(of: name, &rest, nanoseconds)
      case "--virtual": options.isVirtual = true
      case "--json": options.isJSON = true
      case "--check": options.isCheck = true
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

  /// A number and its unit; up to a hundred years.
  private static func nanoseconds(_ text: String) -> Int64? {
    let units = [("ns", 1.0), ("us", 1e3), ("ms", 1e6), ("s", 1e9)]
    guard let (unit, scale) = units.first(where: { text.hasSuffix($0.0) }),
      let number = Double(text.dropLast(unit.count)), 0...3.2e18 ~= number * scale
    else { return nil }
    return Int64(number * scale)
  }

  private static func refuse(_ problem: String) -> Never {
    complain("timer-stress: \(problem) (see --help)")
    exit(64)
  }
}

/// Prints a line on standard error.
func complain(_ line: String) {
  _ = (line + "\n").withCString { write(2, $0, strlen($0)) }
}
