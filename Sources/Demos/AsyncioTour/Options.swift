import Glibc

/// What the command line says.
struct Options {
  /// What to show; all of it, if nothing is named.
  var names: [String] = []
  var isCheck = false

  static var help: String {
    let names = Example.all.map { "  \($0.name.padded(to: 14))\($0.title)" }.joined(separator: "\n")
    return """
      usage: asyncio-tour [--check] [example ...]

      The examples that everybody knows from asyncio, on one thread, each with its timing.

      \(names)

        --check       run them faster, and check orders and counts: exit 1 if one is not as it should be
        --help        print this and exit
      """
  }

  /// Reads the arguments; on a mistake says what is wrong and exits with 64 (EX_USAGE of sysexits.h).
  static func parse(_ arguments: [String]) -> Options {
    var options = Options()
    for argument in arguments {
      switch argument {
      case "--help", "-h":
        print(help)
        exit(0)
      case "--check": options.isCheck = true
      case _ where argument.hasPrefix("-"): refuse("unknown option '\(argument)'")
      case _ where Example.all.contains { $0.name == argument }: options.names.append(argument)
      default: refuse("there is no example '\(argument)'")
      }
    }
    return options
  }

  private static func refuse(_ problem: String) -> Never {
    complain("asyncio-tour: \(problem) (see --help)")
    exit(64)
  }
}

extension String {
  /// The text with blanks behind it, up to a width.
  func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}

/// Prints a line on standard error.
func complain(_ line: String) {
  _ = (line + "\n").withCString { write(2, $0, strlen($0)) }
}
