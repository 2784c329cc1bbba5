/// When ``wait(for:until:timeout:)`` has waited enough.
public enum WaitCondition: Sendable {
  /// When one has ended, however.
  case firstCompleted
  /// When one has failed, or all have ended. To be cancelled is not to fail.
  case firstError
  /// When all have ended.
  case all
}

/// Waits for tasks, and says which have ended and which have not; cancels none of them.
///
/// ```swift
/// let (done, pending) = try await wait(for: downloads, until: .firstCompleted, timeout: .seconds(5))
/// for task in pending { task.cancel() }
/// ```
///
/// It looks at no value and no error: an error that nobody awaits is reported as ever. What has ended
/// when this returns is done, also if it is more than was asked for.
///
/// - Parameters:
///   - handles: The tasks. Of no tasks, none has to be waited for.
///   - condition: When to return.
///   - timeout: The longest to wait, on the loop's clock; never early. Nil is no limit.
/// - Returns: The tasks that have ended and those that have not, each in the order of `handles`.
/// - Throws: `CancellationError` if the waiting task is cancelled first; the tasks go on. Never because
///   the time is over.
/// - Complexity: linear in the number of tasks. For each of many in turn, take ``asCompleted(_:)``.
@inlinable
public func wait<Success>(
  for handles: [TaskHandle<Success>], until condition: WaitCondition = .all, timeout: Duration? = nil
) async throws -> (done: [TaskHandle<Success>], pending: [TaskHandle<Success>]) {
  try await waitForEndings(of: handles.map { $0.task }, until: condition, timeout: timeout)
  return (handles.filter { $0.task.isDone }, handles.filter { !$0.task.isDone })
}

/// Waits for tasks; what stands behind ``wait(for:until:timeout:)``.
@usableFromInline
func waitForEndings(of tasks: [SpawnedTask], until condition: WaitCondition, timeout: Duration?) async throws {
  let core = LoopCore.current
  let deadline = timeout.map { core.now + $0 } ?? .distantFuture
  for task in tasks { task.checkThread("wait(for:)") }
  if !tasks.contains(where: condition.isMet(by:)), tasks.contains(where: { !$0.isDone }) {
    let endings = Endings()
    for (number, task) in tasks.enumerated() where !task.isDone { endings.watch(task, as: number) }
    while let number = try await endings.next(until: deadline), !condition.isMet(by: tasks[number]) {}
  } else if core.spend() {
    await core.giveWay()
  }
}

extension WaitCondition {
  /// Whether the state of one task is enough, whatever the others do.
  fileprivate func isMet(by task: SpawnedTask) -> Bool {
    switch (self, task.ending) {
    case (.all, _), (_, .none), (.firstError, .succeeded): false
    case (.firstCompleted, _): true
    case (.firstError, .failed(let error)): !isCancellation(error)
    }
  }
}
