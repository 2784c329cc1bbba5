/// A task that was started with ``spawn(name:isolation:_:)``.
///
/// Dropping it changes nothing: the task goes on until it ends or the loop's run does.
public struct TaskHandle<Success> {
  @usableFromInline let task: TaskReference
  @usableFromInline let box: ResultBox<Success>

  @inlinable
  init(_ task: TaskReference, _ box: ResultBox<Success>) {
    self.task = task
    self.box = box
  }

  /// What the task is called, for people.
  public var name: String? { task.task.name }

  /// Waits for the task's end. On the loop's thread only.
  ///
  /// - Throws: The task's error; `CancellationError` if the waiting task is cancelled first, and then
  ///   the task itself goes on.
  @inlinable public var value: Success {
    get async throws {
      if !task.hasSucceeded { try await task.wait() }
      guard let value = box.value else { preconditionFailure("A task succeeded without a value") }
      return value
    }
  }

  /// Whether the task has ended. On the loop's thread only.
  public var isDone: Bool { task.open("TaskHandle.isDone").isDone }

  /// Cancels the task: its present wait, or its next one, throws `CancellationError`.
  ///
  /// If it has not started yet, it never will. From any thread; a second time, or after the end,
  /// nothing happens.
  public func cancel() {
    let core = task.task.core
    if core.isCurrent { return task.task.cancel() }
    // Refused means that the loop has ended, and its tasks with it.
    _ = core.inbox.submit(.call { [task] in task.open("TaskHandle.cancel").cancel() })
  }
}

// SAFETY: the box is only touched on the loop's thread: before it is opened, `task` has checked that.
extension TaskHandle: @unchecked Sendable where Success: Sendable {}

/// A task behind its handle, without its value.
// SAFETY: only `open` leads to the task, and it compares the thread's loop with the task's.
@usableFromInline
struct TaskReference: @unchecked Sendable {
  let task: SpawnedTask

  /// The task, on its loop's thread; another thread traps.
  @inline(__always)
  func open(_ what: StaticString) -> SpawnedTask {
    precondition(
      task.core.isCurrent,
      "'\(what)' belongs to another event loop's thread: carry the work over with loop.execute")
    return task
  }

  @usableFromInline
  var hasSucceeded: Bool {
    if case .succeeded = open("TaskHandle.value").ending { true } else { false }
  }

  @usableFromInline
  func wait() async throws {
    try await open("TaskHandle.value").wait()
  }

  @usableFromInline
  static func spawn(
    name: String?, isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Void
  ) -> TaskReference {
    let task = SpawnedTask(in: LoopCore.current.spawned, name: name)
    task.start(isolation: isolation, body)
    return TaskReference(task: task)
  }
}

/// Starts a task beside the caller, in the caller's isolation and on its loop.
///
/// It first runs when the caller next waits. If it fails and nobody awaits its value, the error is
/// written to standard error. When the loop's run ends, it is cancelled and awaited.
///
/// - Parameters:
///   - name: What it is called, for people.
///   - isolation: Where it runs; the caller's, unless given.
///   - body: What it does.
/// - Precondition: An event loop runs on this thread.
@discardableResult
@inlinable
public func spawn<Success>(
  name: String? = nil, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping () async throws -> Success
) -> TaskHandle<Success> {
  let box = ResultBox<Success>()
  return TaskHandle(TaskReference.spawn(name: name, isolation: isolation) { box.value = try await body() }, box)
}
