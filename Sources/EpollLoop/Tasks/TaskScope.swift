/// Runs `body` with a scope for tasks, and returns when all tasks of the scope have ended.
///
/// ```swift
/// try await withTaskScope { scope in
///   let port = try await scope.start { (ready: ReadySignal<UInt16>) in try await serve(ready) }
///   scope.spawn(name: "watcher") { try await watch(port) }
/// }
/// ```
///
/// Nothing outlives the scope. The first error, of a task or of `body`, cancels the rest: what runs ends
/// at its next wait, what has not started never does. When all have ended it is thrown, as it is.
/// If the caller is cancelled, so is everything in the scope. ``TaskScope/cancel()`` is no error.
///
/// **Why the first error and not a group of all.** `catch let error as MyError` must not depend on
/// whether a second task happened to fail in the same moment; Trio's groups that were there only for
/// two errors and more made programs that caught the one and missed the other. A group always, as
/// asyncio and Trio have it now, needs a `catch` that looks into groups, which Swift lacks. So the
/// first error is the one that is thrown, always, and no other is lost: later ones go to `onLaterError`,
/// and without it to standard error, unless somebody awaits the task's value. The same error thrown on,
/// as by a `body` that awaits the value of the task that failed, is no other.
///
/// - Parameters:
///   - limit: How many tasks of the scope run at once; more than zero. Further ones start when there is
///     room, first come, first served. `body` does not count.
///   - isolation: Where `body` runs, and the tasks unless told otherwise; the caller's, unless given.
///   - onLaterError: Hears of each error after the first one. Cancellation is none.
///   - body: What to do with the scope. It is a task of its own, so that an error can cancel it.
/// - Returns: The value of `body`.
/// - Throws: The first error. `CancellationError` if the caller was cancelled and something in the scope
///   was cut short by that, or if the scope was cancelled by itself before `body` gave its value; a
///   `body` without a value then ends without error.
public func withTaskScope<Outcome>(
  limit: Int = .max, isolation: isolated (any Actor)? = #isolation, onLaterError: ((any Error) -> Void)? = nil,
  _ body: @escaping (TaskScope) async throws -> Outcome
) async throws -> Outcome {
  precondition(limit > 0, "A limit on concurrency is more than zero")
  guard isolation != nil else {
    return try await inLoopActor { try await withTaskScope(limit: limit, onLaterError: onLaterError, body) }
  }
  let scope = TaskScope(limit: limit, onLaterError)
  return try await scope.run(isolation: isolation, body)
}

/// Where tasks are started that end together: see ``withTaskScope(limit:isolation:onLaterError:_:)``.
///
/// It may be given to whoever is to start tasks in it, as long as `body` or one of its tasks runs.
public final class TaskScope {
  private let children = Children()
  private let onLaterError: ((any Error) -> Void)?
  /// The first error, and later ones that were handed on.
  private var seenErrors = SeenErrors()
  /// How many have been started that have neither succeeded nor failed; cancelled ones stay counted.
  private var unsettled = 0
  private var isOver = false

  private let limit: Int
  /// How many hold one of the places that `limit` gives.
  private var running = 0
  /// Who waits for a place. As long as somebody does, all places are taken.
  private var waiting: WaitQueue?

  fileprivate init(limit: Int, _ onLaterError: ((any Error) -> Void)?) {
    self.limit = limit
    self.onLaterError = onLaterError
  }

  /// Whether the scope has been cancelled, by an error, its parent or ``cancel()``: nothing starts any more.
  public var isCancelled: Bool { children.isCancelled }

  /// Starts a task in the scope, beside the caller.
  ///
  /// It first runs when the caller next waits, and when there is room. Its error cancels the scope,
  /// also if somebody awaits its value; that it was cancelled is no error. In a scope that is
  /// cancelled it never runs.
  ///
  /// - Parameters:
  ///   - name: What it is called, for people.
  ///   - isolation: Where it runs; the caller's, unless given.
  ///   - file: Where it stands in the source, for ``EventLoop/tasks`` and reports.
  ///   - line: As `file`.
  ///   - body: What it does.
  /// - Precondition: The scope is not over, and the caller is isolated to an actor.
  @discardableResult
  public func spawn<Success>(
    name: String? = nil, isolation: isolated (any Actor)? = #isolation, file: StaticString = #fileID,
    line: UInt32 = #line, _ body: @escaping () async throws -> Success
  ) -> TaskHandle<Success> {
    EventLoop.requireActor(isolation, "TaskScope.spawn")
    let task = launch(name, isolation: isolation, isReady: { true }, body)
    task.setLocation(file, line)
    return TaskHandle(task)
  }

  /// Cancels everything in the scope, `body` included; nothing starts any more.
  ///
  /// It is no error: what has been cancelled ends, and the scope with it. A second time, nothing happens. On
  /// the loop's thread only.
  public func cancel() {
    check()
    children.cancel()
  }

  /// Runs `body` and waits for all that it has started.
  fileprivate func run<Outcome>(
    isolation: isolated (any Actor)?, _ body: @escaping (TaskScope) async throws -> Outcome
  ) async throws -> Outcome {
    let child = children.startBody(isolation: isolation) {
      do {
        return try await body(self)
      } catch {
        // Of itself it may fail with CancellationError: by the value of a task that was cancelled.
        if !(self.children.isCancelled && isCancellation(error)), !self.fail(error) {
          UnhandledErrors.report(error, of: "the body of a scope")
        }
        throw error
      }
    }
    let wasCancelled = await children.join()
    isOver = true
    if let failure = children.failure { throw failure }
    if wasCancelled, unsettled > 0 { throw CancellationError() }
    if !wasCancelled, case .failure = child.result, let nothing = () as? Outcome { return nothing }
    return try child.result.get()
  }

  /// Starts a task that takes a place while it runs, and whose error ends the scope if `isReady`.
  func launch<Success>(
    _ name: String?, isolation: isolated (any Actor)?, isReady: @escaping () -> Bool,
    _ body: @escaping () async throws -> Success
  ) -> SpawnedTask {
    check()
    precondition(!isOver, "A task scope that is over starts no more tasks")
    unsettled += 1
    let task = SpawnedTask(children.core, in: children.list, name: name)
    // What it throws is thrown by the scope, or goes to whoever hears of later errors.
    task.start(isolation: isolation) {
      try await self.takePlace(for: task)
      defer { self.givePlaceBack() }
      do {
        let value = try await body()
        self.unsettled -= 1
        return value
      } catch {
        if !isCancellation(error) {
          self.unsettled -= 1
          if isReady() { task.isObserved = self.fail(error) }
        }
        throw error
      }
    }
    return task
  }

  /// Takes an error for the scope's, if it is the first one.
  ///
  /// - Returns: Whether somebody hears of it.
  private func fail(_ error: any Error) -> Bool {
    if seenErrors.contains(error) { return true }
    if children.failure == nil {
      children.fail(error)
    } else if let onLaterError {
      onLaterError(error)
    } else {
      return false
    }
    seenErrors.insert(error)
    return true
  }

  /// Waits until fewer tasks than the limit run; what is given back goes to who has waited longest.
  private nonisolated(nonsending) func takePlace(for task: SpawnedTask) async throws {
    if running < limit {
      running += 1
      return
    }
    let queue = waiting ?? WaitQueue(children.core)
    waiting = queue
    let wake = await children.core.park(for: "a place in a scope") { queue.append($0) }
    guard wake == .ready else { throw CancellationError() }
    guard !task.isCancelled else {
      givePlaceBack()
      throw CancellationError()
    }
  }

  private func givePlaceBack() {
    if waiting?.wakeFirst() != true { running -= 1 }
  }

  private func check() {
    if !children.core.isCurrent { LoopCore.refuse("TaskScope") }
  }
}
