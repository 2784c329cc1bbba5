/// A task that was started with ``spawn(name:isolation:_:)``.
///
/// Dropping it changes nothing: the task goes on until it ends or the loop's run does.
public struct TaskHandle<Success> {
  private let bound: LoopBound<SpawnedTask<Success>>
  /// What the task is called, for people.
  public let name: String?

  init(_ task: SpawnedTask<Success>) {
    bound = LoopBound(task, task.core)
    name = task.name
  }

  /// Waits for the task's end. On the loop's thread only.
  ///
  /// - Throws: The task's error; `CancellationError` if the waiting task is cancelled first, and then
  ///   the task itself goes on.
  public var value: Success {
    get async throws { try await bound.open("TaskHandle.value").value() }
  }

  /// Whether the task has ended. On the loop's thread only.
  public var isDone: Bool { bound.open("TaskHandle.isDone").outcome != nil }

  /// Cancels the task: its present wait, or its next one, throws `CancellationError`.
  ///
  /// If it has not started yet, it never will. From any thread; a second time, or after the end,
  /// nothing happens.
  public func cancel() {
    if let task = bound.openIfCurrent() { return task.cancel() }
    let bound = bound
    // Refused means that the loop has ended, and its tasks with it.
    _ = bound.inbox.submit(.call { bound.open("TaskHandle.cancel").cancel() })
  }
}

extension TaskHandle: Sendable where Success: Sendable {}

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
public func spawn<Success>(
  name: String? = nil, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping () async throws -> Success
) -> TaskHandle<Success> {
  let task = SpawnedTask<Success>(in: LoopCore.current.spawned, name: name)
  task.start(isolation: isolation, body)
  return TaskHandle(task)
}
