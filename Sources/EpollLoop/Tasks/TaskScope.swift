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
@inlinable
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
  @usableFromInline let children = Children()
  private let onLaterError: ((any Error) -> Void)?
  /// The first error, and later ones that were handed on.
  private var seenErrors = SeenErrors()
  /// How many have been started that have neither succeeded nor failed; cancelled ones stay counted.
  @exclusivity(unchecked) private var unsettled = 0
  @exclusivity(unchecked) private var isOver = false

  private let limit: Int
  /// How many hold one of the places that `limit` gives.
  @exclusivity(unchecked) private var running = 0
  /// Who waits for a place. As long as somebody does, all places are taken.
  @exclusivity(unchecked) private var waiting: WaitQueue?

  @usableFromInline
  init(limit: Int, _ onLaterError: ((any Error) -> Void)?) {
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
  @inlinable
  public func spawn<Success>(
    name: String? = nil, isolation: isolated (any Actor)? = #isolation, file: StaticString = #fileID,
    line: UInt32 = #line, _ body: @escaping () async throws -> Success
  ) -> TaskHandle<Success> {
    EventLoop.requireActor(isolation, "TaskScope.spawn")
    let task = add(name)
    task.setLocation(file, line)
    launch(task, isolation: isolation, body)
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
  @inlinable
  func run<Outcome>(
    isolation: isolated (any Actor)?, _ body: @escaping (TaskScope) async throws -> Outcome
  ) async throws -> Outcome {
    let child = children.startBody(isolation: isolation) {
      do {
        return try await body(self)
      } catch {
        self.bodyFailed(error)
        throw error
      }
    }
    if try await !waitForAll(child.task), let nothing = () as? Outcome { return nothing }
    return try child.result.get()
  }

  /// Takes the error of the scope's body.
  @usableFromInline
  func bodyFailed(_ error: any Error) {
    // Of itself it may fail with CancellationError: by the value of a task that was cancelled.
    if !(children.isCancelled && isCancellation(error)), !fail(error) {
      UnhandledErrors.report(error, of: "the body of a scope")
    }
  }

  /// Waits until everything in the scope has ended.
  ///
  /// - Returns: Whether the body's outcome is the scope's; if not, the scope was cancelled by itself before the body
  ///   gave its value.
  /// - Throws: The first error; `CancellationError` if the caller was cancelled and something was cut short by that.
  @usableFromInline
  nonisolated(nonsending) func waitForAll(_ body: SpawnedTask) async throws -> Bool {
    let wasCancelled = await children.join()
    isOver = true
    if let failure = children.failure { throw failure }
    if wasCancelled, unsettled > 0 { throw CancellationError() }
    return wasCancelled || body.hasSucceeded
  }

  /// Adds a task that is to be launched next.
  @usableFromInline
  func add(_ name: String?) -> SpawnedTask {
    check()
    precondition(!isOver, "A task scope that is over starts no more tasks")
    unsettled += 1
    return SpawnedTask(children.core, in: children, name: name)
  }

  /// Starts a task that takes a place while it runs, and whose error ends the scope if `isReady`.
  @inlinable
  func launch<Success>(
    _ task: SpawnedTask, isolation: isolated (any Actor)?, isReady: (() -> Bool)? = nil,
    _ body: @escaping () async throws -> Success
  ) {
    task.start(ScopeWork(self, isReady, body), isolation: isolation)
  }

  /// Called by a task as the last thing it does: gives its place back.
  @usableFromInline
  func succeeded() {
    unsettled -= 1
    givePlaceBack()
  }

  /// Called by a task as the last thing it does: gives its place back, and takes its error if it was ready.
  @usableFromInline
  func failed(_ task: SpawnedTask, _ error: any Error, _ wasReady: Bool) {
    if !isCancellation(error) {
      unsettled -= 1
      if wasReady { task.isObserved = fail(error) }
    }
    givePlaceBack()
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

  /// Takes a place, if fewer tasks than the limit run.
  @usableFromInline
  func takeFreePlace() -> Bool {
    guard running < limit else { return false }
    running += 1
    return true
  }

  /// Waits for a place; what is given back goes to who has waited longest.
  @usableFromInline
  nonisolated(nonsending) func waitForPlace(for task: LentTask) async throws {
    let queue = waiting ?? WaitQueue(children.core)
    waiting = queue
    let wake = await children.core.park(for: "a place in a scope") { queue.append($0) }
    guard wake == .ready else { throw CancellationError() }
    guard task.lend({ !$0.isCancelled }) else {
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

/// What a task of a scope does: it takes a place while its body runs.
@usableFromInline
struct ScopeWork<Success>: TaskWork {
  @usableFromInline let scope: TaskScope
  @usableFromInline let isReady: (() -> Bool)?
  @usableFromInline let body: () async throws -> Success

  @inlinable
  init(_ scope: TaskScope, _ isReady: (() -> Bool)?, _ body: @escaping () async throws -> Success) {
    self.scope = scope
    self.isReady = isReady
    self.body = body
  }

  @inlinable
  @inline(__always)
  nonisolated(nonsending) func run(for task: LentTask) async throws {
    if !scope.takeFreePlace() { try await scope.waitForPlace(for: task) }
    do {
      let value = try await body()
      task.lend { $0.keep(value) }
      scope.succeeded()
    } catch {
      // The scope throws its error, or passes it to the function for later errors.
      task.lend { scope.failed($0, error, isReady?() ?? true) }
      throw error
    }
  }
}
