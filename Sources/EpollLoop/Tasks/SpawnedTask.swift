/// A task of the loop: what stands behind handles, gathers, timeouts and serving.
///
/// It is not generic, and its value has no static type: a generic object looks its type up in the runtime's
/// tables when it is made and when it goes.
@usableFromInline
final class SpawnedTask: TaskRecord {
  /// How far it has come.
  @usableFromInline
  enum Ending {
    case none
    case succeeded
    case failed(any Error)
  }

  @exclusivity(unchecked) @usableFromInline private(set) var ending = Ending.none
  /// What it returned, if it has succeeded.
  @exclusivity(unchecked) @usableFromInline var kept = UntypedStorage()
  /// Whether the ending has been seen, or will be: an error that is not is reported.
  @exclusivity(unchecked) @usableFromInline var isObserved: Bool
  @exclusivity(unchecked) private var waiting: WaitQueue?

  init(_ core: LoopCore, in list: TaskList, name: String? = nil) {
    isObserved = true
    super.init(on: LoopLink(core), in: .passUnretained(list), name: name)
  }

  /// One that is not awaited in a structured way.
  private init(unawaitedIn list: Unmanaged<TaskList>, on loop: LoopLink, name: String?) {
    isObserved = false
    super.init(on: loop, in: list, name: name)
  }

  deinit {
    guard !isObserved, case .failed(let error) = ending, !isCancellation(error) else { return }
    UnhandledErrors.report(error, of: title)
  }

  /// Whether it has ended, and well.
  @usableFromInline
  var hasSucceeded: Bool {
    if case .succeeded = ending { true } else { false }
  }

  /// What it returned.
  @inlinable
  func value<Success>(as type: Success.Type) -> Success { kept.value(as: type) }

  /// Keeps what the task has returned until it is awaited.
  @inlinable
  func keep<Success>(_ value: Success) { kept.keep(value) }

  /// Traps on another thread than the task's loop's.
  @usableFromInline
  func checkThread(_ what: StaticString) {
    if !loop.isCurrent { LoopCore.refuse(what) }
  }

  /// Whether the process is this loop's, so that its default executor is this loop.
  @usableFromInline
  var runsEverything: Bool { loop.withCore { $0.ownsProcess } }

  /// The loop's executor, which a task without isolation stays on.
  @usableFromInline
  var taskExecutor: any TaskExecutor { loop.withCore { $0.face.taskExecutor } }

  /// Whether it has ended.
  @usableFromInline
  var isDone: Bool {
    if case .none = ending { false } else { true }
  }

  /// Has a waiter woken when the task ends, after those that wait already; not if it has ended.
  func wakeAtEnd(_ waiter: Waiter) {
    let queue = waiting ?? loop.withCore { WaitQueue($0) }
    waiting = queue
    queue.append(waiter)
  }

  /// Waits for the end.
  ///
  /// - Throws: The task's error; `CancellationError` if the waiting task is cancelled first, and
  ///   then this task goes on.
  @usableFromInline
  nonisolated(nonsending) func wait() async throws {
    let core = loop.withCore { $0 }
    if task != 0, task == RunningTask.address { throw DeadlockError(task: title) }
    while !isDone {
      if await core.park(for: "a task's value", { wakeAtEnd($0) }) == .cancelled, !isDone {
        throw CancellationError()
      }
    }
    // Not before: a waiter that is cancelled has seen nothing.
    isObserved = true
    if case .failed(let error) = ending { throw error }
  }

  /// Called by the task when it starts.
  ///
  /// - Returns: False if it has ended already: it was cancelled before it started.
  @usableFromInline
  func begin(unlessCancelled skipsIfCancelled: Bool) -> Bool {
    begin()
    guard skipsIfCancelled, isCancelled else { return true }
    end(.failed(CancellationError()))
    return false
  }

  /// Called by the task as the last thing it does, with its value in place.
  @usableFromInline
  func succeed() {
    isObserved = true
    end(.succeeded)
  }

  /// Called by the task as the last thing it does.
  @usableFromInline
  func fail(_ error: any Error) {
    reportFailure(error)
    end(.failed(error))
  }

  private func end(_ ending: Ending) {
    self.ending = ending
    waiting?.wakeAll()
    // Here and not in deinit, which may be on another thread, with the handle's last copy.
    waiting = nil
    end()
  }

  /// Starts the task, in the given isolation and on this loop.
  ///
  /// The one place where tasks are started. On the loop that owns the process a bare `Task {}` does. On another loop
  /// the task is isolated to the given actor and prefers the loop's executor, which keeps its children on the loop; and
  /// without an actor the preference alone keeps it there. The closures throw, and are literals: the runtime would wrap
  /// any other in one that throws and is generic.
  ///
  /// - Parameters:
  ///   - work: What the task does. It is a value and no closure, since a closure in that of the task would be one more
  ///     allocation, and one more frame of the task.
  ///   - skipsIfCancelled: Whether a task that is cancelled before it starts ends at once with `CancellationError`,
  ///     without doing `work`.
  @inlinable
  func start(_ work: some TaskWork, skipsIfCancelled: Bool = true, isolation: isolated (any Actor)?) {
    let start = TaskStart(self, work, skipsIfCancelled: skipsIfCancelled)
    if runsEverything {
      Task<Void, any Error> {
        _ = isolation
        await start.run()
      }
    } else if isolation == nil {
      Task<Void, any Error>(executorPreference: taskExecutor) { await start.run() }
    } else {
      TaskCreation.start(preferring: taskExecutor, isolation: isolation) {
        _ = isolation
        await start.run()
      }
    }
  }

  /// Starts the task; as ``start(_:skipsIfCancelled:isolation:)``, with a body whose value it keeps.
  @inlinable
  func start<Success>(
    skipsIfCancelled: Bool = true, isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) {
    start(ValueWork(body), skipsIfCancelled: skipsIfCancelled, isolation: isolation)
  }
}

/// A task awaits its own value: it could never end.
public struct DeadlockError: Error, Hashable, Sendable, CustomStringConvertible {
  /// The task, in words.
  public let task: String

  /// "TASK awaits its own value, and can never end".
  public var description: String { "\(task) awaits its own value, and can never end" }
}

extension SpawnedTask {
  /// Says where it stands in the source.
  @usableFromInline
  func setLocation(_ file: StaticString, _ line: UInt32) {
    self.file = file.utf8Start
    self.line = line
  }

  /// A task that nobody waits for in a structured way, on this thread's loop.
  @usableFromInline
  static func unawaited(name: String?) -> SpawnedTask {
    LoopCore.withCurrent { SpawnedTask(unawaitedIn: $0.spawnedLink, on: LoopLink($0), name: name) }
  }
}
