/// A task of a loop, as it stood when the list was asked for.
public struct TaskSnapshot: Sendable, Equatable {
  /// How far a task has come.
  public enum State: Sendable, Equatable {
    /// It has not run yet.
    case starting
    /// It runs now: it asks for this list.
    case running
    /// It will run, as soon as those before it have.
    case ready
    /// It waits, for what, and for how long already, to within some milliseconds.
    case waiting(for: String, time: Duration)
    /// It waits for something of Swift's own or another library's: an actor, a stream, a continuation.
    case elsewhere
  }

  /// Which task of its loop it is, counted from 1.
  public let number: Int
  /// The number of the task that started it, which may have ended; nil if it was none of this library's.
  public let parent: Int?
  /// What it is called, for people.
  public let name: String?
  /// The file and line where it was spawned; nil for the children of gathers, timeouts and the like.
  public let location: String?
  /// How far it has come.
  public let state: State
  /// Whether it has been cancelled.
  public let isCancelled: Bool
}

extension TaskSnapshot: CustomStringConvertible {
  /// One line without its end, such as `7 'reader' (Main.swift:12) of 3, waiting for bytes to read, 2.5 seconds`.
  public var description: String {
    var text = "\(number)"
    if let name { text += " '\(name)'" }
    if let location { text += " (\(location))" }
    if let parent { text += " of \(parent)" }
    switch state {
    case .starting: text += ", starting"
    case .running: text += ", running"
    case .ready: text += ", ready"
    case .waiting(let what, let time): text += ", waiting for \(what), \(time)"
    case .elsewhere: text += ", waiting elsewhere"
    }
    return isCancelled ? text + ", cancelled" : text
  }
}

extension EventLoop {
  /// The tasks of this loop that were started through this library and have not ended, by number.
  ///
  /// Children of gathers and scopes appear once they have run for the first time. On the loop's thread only.
  ///
  /// - Complexity: O(n log n) in the number of tasks and waiters: for people, not for each request.
  public var tasks: [TaskSnapshot] { bound.open("EventLoop.tasks").taskSnapshots }
}

extension LoopCore {
  /// The number of the task that runs now; 0 if it is none of ours.
  var runningTaskNumber: UInt32 {
    guard RunningTask.address != 0 else { return 0 }
    let record = record(of: RunningTask.address)
    return record == 0 ? 0 : TaskRecord.at(record) { $0.number }
  }

  /// The tasks that have been started and have not ended, by number.
  fileprivate var taskSnapshots: [TaskSnapshot] {
    let waits = waiters.stages
    let jobs = ready.jobs
    let now = clock.coarseNow
    let records = Set(tasks.records).union(spawned.records)
    return records.map { address in
      TaskRecord.at(address) { task in
        let state: TaskSnapshot.State =
          if task.task == 0 {
            .starting
          } else if task.task == RunningTask.address {
            .running
          } else if let stage = waits[address] {
            stage == .waiting ? task.wait(now) : .ready
          } else {
            jobs.contains(task.task) ? .ready : .elsewhere
          }
        return TaskSnapshot(
          number: Int(task.number), parent: task.parent == 0 ? nil : Int(task.parent), name: task.name,
          location: task.location, state: state, isCancelled: task.isCancelled)
      }
    }.sorted { $0.number < $1.number }
  }
}

extension TaskRecord {
  /// The file and line where the task was spawned, if they are known.
  var location: String? { file.map { "\(String(cString: $0)):\(line)" } }

  /// What the task is called in reports.
  var title: String {
    (name.map { "task '\($0)'" } ?? "task \(number)") + (location.map { " (\($0))" } ?? "")
  }

  fileprivate func wait(_ now: Int64) -> TaskSnapshot.State {
    .waiting(
      for: waitsFor.map { String(cString: $0) } ?? "something", time: .nanoseconds(max(0, now - waitsSince)))
  }
}
