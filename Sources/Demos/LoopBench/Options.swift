import Glibc

/// What the command line says.
struct Options {
  enum Command {
    case measure([Subject])
    /// Hidden: one trial in a process of its own, see ``Trial``.
    case trial(Trial, Trial.Side, Int)
  }

  /// What can be measured.
  enum Subject: String, CaseIterable {
    case tasks, cost, sync, offload, timers, chunks
  }

  var command = Command.measure([])
  var effort = Effort.full

  static let help = """
    usage: loop-bench [options] [tasks] [cost] [sync] [offload] [timers] [chunks]

    Measures the loop beside its controls, in alternating rounds, and prints medians.

      tasks         yield, spawn, gather and suspend, beside Swift's default executor on one processor
      cost          a child of gather, scopes, races and their kin, beside spawn and await by hand
      sync          locks, promises, queues and limiters, beside a bare suspension or a sleep
      offload       calls on the thread pool
      timers        timers beside a plain binary heap in C, sleeping tasks beside Swift's default executor
      chunks        copies of a chunk of 64 KiB and searches in it, beside memcpy and memchr

      --rounds N    how many rounds, each with its control (5)
      --scale N     divide all sizes by N (1)
      --check       small sizes, one round: check what is done, not how fast; all subjects unless named
      --help        print this and exit

    Times are CPU time per operation unless another is named. Exit 1 if a timer fires early or out of order,
    or anything is left behind; a figure over its target is only said.
    """

  /// Reads the arguments; on a mistake says what is wrong and exits with 64 (EX_USAGE of sysexits.h).
  static func parse(_ arguments: [String]) -> Options {
    var options = Options()
    var subjects: [Subject] = []
    var isCheck = false
    var rest = arguments[...]
    while let name = rest.popFirst() {
      switch name {
      case "--help", "-h":
        print(help)
        exit(0)
      case "--check": isCheck = true
      case "--rounds": options.effort.rounds = count(name, &rest)
      case "--scale": options.effort.divisor = count(name, &rest)
      case Trial.command:
        options.command = trial(&rest)
        return options
      default:
        guard let subject = Subject(rawValue: name) else { refuse("unknown argument '\(name)'") }
        subjects.append(subject)
      }
    }
    if isCheck { options.effort = .check }
    if subjects.isEmpty {
      guard isCheck else { refuse("say what to measure: tasks, cost, sync, offload, timers or chunks") }
      subjects = Subject.allCases
    }
    options.command = .measure(subjects)
    return options
  }

  private static func count(_ name: String, _ rest: inout ArraySlice<String>) -> Int {
    guard let text = rest.popFirst() else { refuse("\(name) needs a value") }
    guard let value = Int(text), value > 0 else { refuse("\(name) cannot be '\(text)'") }
    return value
  }

  private static func trial(_ rest: inout ArraySlice<String>) -> Command {
    guard let name = rest.popFirst(), let trial = Trial(rawValue: name),
      let word = rest.popFirst(), let side = Trial.Side(rawValue: word)
    else { refuse("no such trial") }
    return .trial(trial, side, count(name, &rest))
  }

  private static func refuse(_ problem: String) -> Never {
    complain("loop-bench: \(problem) (see --help)")
    exit(64)
  }
}

/// Prints a line on standard error.
func complain(_ line: String) {
  _ = (line + "\n").withCString { write(2, $0, strlen($0)) }
}
