import EpollLoop
import Glibc

/// How much is done to measure something.
struct Effort {
  var rounds: Int
  /// What all sizes are divided by.
  var divisor: Int
  /// Whether figures are judged by their targets.
  var isJudged = true

  static let full = Effort(rounds: 5, divisor: 1)
  static let check = Effort(rounds: 1, divisor: 500, isJudged: false)

  func size(_ full: Int) -> Int { max(8, full / divisor) }
}

/// Runs measurements and prints their figures.
struct Bench {
  /// What a figure should be.
  enum Target {
    /// At most so many times the control's.
    case timesControl(Double)
    /// At most so much.
    case atMost(Double)
    /// Only said.
    case none
  }

  let effort: Effort

  init(_ effort: Effort) {
    self.effort = effort
  }

  func run(_ subjects: [Options.Subject]) throws {
    line("", ["ours", "control", "ratio", "target"])
    if subjects.contains(.tasks) { try measureTasks() }
    if subjects.contains(where: { $0 != .tasks && $0 != .chunks }) {
      let bench = self
      try EventLoop.run {
        if subjects.contains(.cost) { try await bench.measureCost() }
        if subjects.contains(.sync) { try await bench.measureSync() }
        if subjects.contains(.offload) { try await bench.measureOffload() }
        if subjects.contains(.timers) { try await bench.measureTimers() }
      }
    }
    if subjects.contains(.timers) { try measureSleeps() }
    if subjects.contains(.chunks) { try measureChunks() }
  }

  /// Prints the medians of what was measured, beside the target.
  func report(_ name: String, unit: String = "ns", _ ours: [Double], beside control: [Double] = [], _ target: Target) {
    let mine = median(ours)
    let other = control.isEmpty ? nil : median(control)
    // Each round's two stand beside each other: what disturbs the machine disturbs both.
    let ratio = control.isEmpty ? nil : median(zip(ours, control).map { $0 / $1 })
    let judged: (limit: String, isMet: Bool)? =
      switch target {
      case .timesControl(let limit): ("\(decimal(limit))x", (ratio ?? .infinity) <= limit)
      case .atMost(let limit): ("\(whole(limit)) \(unit)", mine <= limit)
      case .none: nil
      }
    let verdict = judged.map { effort.isJudged ? "\($0.limit) \($0.isMet ? "ok" : "over")" : $0.limit } ?? ""
    line(
      name,
      [
        "\(whole(mine)) \(unit)", other.map { "\(whole($0)) \(unit)" } ?? "", ratio.map(decimal) ?? "", verdict,
      ])
  }

  private func line(_ name: String, _ cells: [String]) {
    print(name.padded(to: 46), cells.map { $0.padded(to: 14, before: true) }.joined(), separator: "")
    fflush(nil)
  }

  private func whole(_ value: Double) -> String { "\(Int(value.rounded()))" }

  private func decimal(_ value: Double) -> String {
    let hundredths = Int((value * 100).rounded())
    return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
  }
}

extension String {
  fileprivate func padded(to width: Int, before: Bool = false) -> String {
    let padding = String(repeating: " ", count: max(0, width - count))
    return before ? padding + self : self + padding
  }
}

/// The middle one; of an even count the upper of the two.
func median(_ values: [Double]) -> Double {
  values.sorted()[values.count / 2]
}

/// A violation of what the loop promises: it ends the program, speed or not.
struct Violation: Error, CustomStringConvertible {
  let description: String

  /// Throws unless `isKept`.
  static func unless(_ isKept: Bool, _ promise: @autoclosure () -> String) throws {
    if !isKept { throw Violation(description: promise()) }
  }
}

/// Nanoseconds of a kernel clock, clock_gettime(2).
struct Stopwatch {
  private let clock: clockid_t
  private let start: Int64

  private init(_ clock: clockid_t) {
    self.clock = clock
    start = Stopwatch.read(clock)
  }

  /// CPU time of all threads of the process.
  static func cpu() -> Stopwatch { Stopwatch(CLOCK_PROCESS_CPUTIME_ID) }
  static func wall() -> Stopwatch { Stopwatch(CLOCK_MONOTONIC) }

  /// Nanoseconds since the start, for each of `count` operations.
  func each(of count: Int) -> Double {
    Double(Stopwatch.read(clock) - start) / Double(count)
  }

  private static func read(_ clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}
