/// Names the tasks that hold the thread for long: for debugging.
struct SlowTurns {
  /// From how many nanoseconds on a turn is reported.
  let threshold: Int64
  /// Hears of each.
  let report: (String) -> Void
  private var began: Int64 = 0
  /// Who has had the present turn, in words; of a task that has ended nothing else is left.
  private var title: String?

  init(threshold: Int64, _ report: @escaping (String) -> Void) {
    self.threshold = threshold
    self.report = report
  }

  /// A turn begins.
  mutating func begin() {
    title = nil
    began = Instant.measuringNow.nanoseconds
  }

  /// Notes whose turn it is, by the address of the record; 0 says nothing.
  mutating func note(_ record: UInt) {
    guard record != 0, time >= threshold else { return }
    title = TaskRecord.at(record) { $0.title }
  }

  private var time: Int64 { Instant.measuringNow.nanoseconds - began }

  /// The turn has ended.
  func end() {
    let time = time
    guard time >= threshold else { return }
    report(
      "\(title ?? "a callback, or a task that was not spawned here,") held the thread for \(Duration.nanoseconds(time))"
    )
  }
}

extension EventLoop {
  /// Reports each task that holds the thread for long: until it waits, nothing else runs.
  ///
  /// For debugging: it reads a clock twice for each turn. A task that blocks is named with the place where it
  /// was spawned; ``offload(on:_:)`` or ``yield()`` is the cure. On the loop's thread only.
  ///
  /// - Parameters:
  ///   - threshold: How long is long, on CLOCK_MONOTONIC_RAW, under a virtual clock too; nil ends the reports.
  ///   - isolation: The caller's; the loop's own actor, if there is a `report`.
  ///   - report: Hears of each, right after it, with a text for people; unless given, the text is written to
  ///     standard error.
  public func reportSlowTasks(
    over threshold: Duration?, isolation: isolated (any Actor)? = #isolation, _ report: ((String) -> Void)? = nil
  ) {
    if report != nil { check("EventLoop.reportSlowTasks", from: isolation) }
    let core = bound.open("EventLoop.reportSlowTasks")
    core.slowTurns = threshold.map {
      precondition($0 > .zero, "A slow task takes more than no time")
      return SlowTurns(
        threshold: $0.nanosecondsRoundedUp, report ?? { StandardError.write("EpollLoop: \($0)\n") })
    }
  }
}
