/// A task that was started with ``spawn(name:isolation:file:line:_:)``.
///
/// Dropping it changes nothing: the task goes on until it ends or the loop's run does.
public struct TaskHandle<Success> {
  @usableFromInline let task: SpawnedTask

  @inlinable
  init(_ task: SpawnedTask) {
    self.task = task
  }

  /// What the task is called, for people.
  public var name: String? { task.name }

  /// Waits for the task's end. On the loop's thread only.
  ///
  /// - Throws: The task's error; `CancellationError` if the waiting task is cancelled first, and then
  ///   the task itself goes on.
  @inlinable public var value: Success {
    get async throws {
      task.checkThread("TaskHandle.value")
      if !task.hasSucceeded { try await task.wait() }
      return task.value(as: Success.self)
    }
  }

  /// Whether the task has ended. On the loop's thread only.
  public var isDone: Bool {
    task.checkThread("TaskHandle.isDone")
    return task.isDone
  }

  /// Cancels the task: its present wait, or its next one, throws `CancellationError`.
  ///
  /// If it has not started yet, it never will. May be called from any thread; has no effect when called again, or after
  /// the end. On the loop's thread the handlers of `withTaskCancellationHandler` are called before this returns, as by
  /// `Task.cancel()`; from another thread, later on the loop's.
  public func cancel() {
    if task.loop.isCurrent { return task.cancel() }
    // SAFETY: the loop's own thread opens it.
    nonisolated(unsafe) let task = task
    // Nobody takes it when the loop has ended, and its tasks with it.
    task.loop.submit(.call { task.cancel() })
  }
}

// SAFETY: each use of the task begins with a check that this is its loop's thread.
extension TaskHandle: @unchecked Sendable where Success: Sendable {}

/// Starts a task beside the caller, in the caller's isolation and on its loop.
///
/// It first runs when the caller next waits. If it fails and nobody awaits its value, the error is
/// written to standard error. When the loop's run ends, it is cancelled and awaited.
///
/// - Parameters:
///   - name: What it is called, for people.
///   - isolation: Where it runs; the caller's, unless given.
///   - file: Where it stands in the source, for ``EventLoop/tasks`` and reports.
///   - line: As `file`.
///   - body: What it does.
/// - Precondition: An event loop runs on this thread, and the caller is isolated to an actor.
@discardableResult
@inlinable
public func spawn<Success>(
  name: String? = nil, isolation: isolated (any Actor)? = #isolation, file: StaticString = #fileID,
  line: UInt32 = #line, _ body: @escaping () async throws -> Success
) -> TaskHandle<Success> {
  EventLoop.requireActor(isolation, "spawn")
  let task = SpawnedTask.unawaited(name: name)
  task.setLocation(file, line)
  task.start(isolation: isolation, body)
  return TaskHandle(task)
}

/// Starts a task for each item, in the caller's isolation and on its loop; as
/// ``spawn(name:isolation:file:line:_:)``.
///
/// ```swift
/// let downloads = spawn(over: urls) { url in try await fetch(url) }
/// ```
///
/// In place of `urls.map { url in spawn { … } }`, whose closure has no isolation outside of an actor's own code.
///
/// - Parameters:
///   - items: What to start a task for.
///   - isolation: Where they run; defaults to the caller's.
///   - file: The file of the call, for ``EventLoop/tasks`` and reports.
///   - line: As `file`.
///   - body: What to do with an item.
/// - Returns: The tasks, in the order of the items.
/// - Precondition: An event loop runs on this thread, and the caller is isolated to an actor.
@discardableResult
@inlinable
public func spawn<Item, Success>(
  over items: some Sequence<Item>, isolation: isolated (any Actor)? = #isolation, file: StaticString = #fileID,
  line: UInt32 = #line, _ body: @escaping (Item) async throws -> Success
) -> [TaskHandle<Success>] {
  EventLoop.requireActor(isolation, "spawn")
  var handles: [TaskHandle<Success>] = []
  handles.reserveCapacity(items.underestimatedCount)
  for item in items {
    let task = SpawnedTask.unawaited(name: nil)
    task.setLocation(file, line)
    task.start(ItemWork(item, body), isolation: isolation)
    handles.append(TaskHandle(task))
  }
  return handles
}
