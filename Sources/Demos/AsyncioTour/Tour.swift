import EpollLoop
import Glibc

/// One of the examples.
struct Example {
  let name: String
  let title: String
  let tell: (Story) async throws -> Void

  static var all: [Example] {
    [
      Example(name: "say-after", title: "one after the other, then both at once", tell: sayAfter),
      Example(name: "blocking", title: "a call that blocks all, and offload that mends it", tell: block),
      Example(name: "scope", title: "a task group with a child that fails", tell: failInScope),
      Example(name: "semaphore", title: "3 permits for 10 tasks", tell: takePermits),
      Example(name: "limit", title: "100 tasks, 10 at once", tell: limit),
      Example(name: "first-error", title: "wait until one fails, and start it again", tell: resubmitFailed),
      Example(name: "queue", title: "a producer and its consumers", tell: produceAndConsume),
      Example(name: "retry", title: "try until it works", tell: retryUntilItWorks),
      Example(name: "progress", title: "1,000 tasks and how far they are", tell: showProgress),
    ]
  }
}

/// The examples, one after the other.
struct Tour {
  private let options: Options

  init(_ options: Options) {
    self.options = options
  }

  /// Tells all that were asked for.
  ///
  /// - Returns: What was not as it should be.
  func run() async throws -> [String] {
    var broken: [String] = []
    var rules = 0
    for example in Example.all where options.names.isEmpty || options.names.contains(example.name) {
      print("\(example.name): \(example.title)")
      let story = Story(unit: options.isCheck ? .milliseconds(10) : .milliseconds(100))
      try await example.tell(story)
      broken += story.broken.map { "\(example.name): \($0)" }
      rules += story.rules
    }
    if options.isCheck, broken.isEmpty { print("\(rules) \(rules == 1 ? "check" : "checks"), all kept") }
    return broken
  }
}

/// What an example says, each line with the time since its begin, and what should be true of it.
final class Story {
  /// The time that examples count in: a tenth of a second, or less for a check.
  let unit: Duration
  private var start = EventLoop.current.now
  private(set) var rules = 0
  private(set) var broken: [String] = []

  init(unit: Duration) {
    self.unit = unit
  }

  /// The time since the last chapter's begin.
  var elapsed: Duration { EventLoop.current.now - start }

  /// Begins anew with a headline.
  func chapter(_ title: String) {
    start = EventLoop.current.now
    print("  \(title)")
    fflush(nil)
  }

  /// Prints a line, at once.
  func say(_ words: String) {
    let hundredths = Int(elapsed / .milliseconds(10))
    let rest = hundredths % 100
    print("    \(hundredths / 100).\(rest < 10 ? "0" : "")\(rest) s  \(words)")
    fflush(nil)
  }

  /// Notes if something is not as it should be.
  func check(_ isKept: Bool, _ rule: String) {
    rules += 1
    if !isKept { broken.append(rule) }
  }
}

/// How many do something at the moment, and how many were it at the most.
final class Gauge {
  private var running = 0
  private(set) var most = 0

  /// Counts for as long as `body` runs.
  func run(_ body: () async throws -> Void) async rethrows {
    running += 1
    most = max(most, running)
    defer { running -= 1 }
    try await body()
  }
}
