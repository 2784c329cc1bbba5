public import EpollLoop

/// A test that does not end: on virtual time nothing is ready or due, and no descriptor or call is awaited, or the run has
/// taken longer in real time than it may.
///
/// Its tasks have been cancelled. On virtual time a loop that another thread is to wake, unknown to the loop, counts as stuck after 1 s
/// of real time: await that thread by `offload` or `withLoop`.
public struct StuckError: Error, CustomStringConvertible {
  /// The tasks, with what each waits for.
  public let tasks: [TaskSnapshot]

  /// The limit in real time that the run has exceeded; nil if nothing could ever have woken the loop.
  public let timeLimit: Duration?

  /// The reason, and a line for each task.
  public var description: String {
    let reason =
      timeLimit.map { "the run has not ended after \($0)" }
      ?? "nothing can ever wake the loop: its tasks wait for each other"
    return reason + tasks.map { "\n  task \($0)" }.joined()
  }
}

/// Errors of spawned tasks that were not awaited.
public struct UnawaitedError: Error, CustomStringConvertible {
  /// A task's error.
  public struct Failure: Sendable {
    /// What the task threw.
    public let error: any Error
    /// The task, in words.
    public let task: String
  }

  /// The errors, in the order in which they were found.
  public let failures: [Failure]

  /// A line for each.
  public var description: String {
    failures.map { "\($0.task) failed and was not awaited: \($0.error)" }.joined(separator: "\n")
  }
}
