/// A task of the loop: what stands behind handles, gathers, timeouts and serving.
///
/// It knows how it ended, and nothing of its value: that is the ``ResultBox``'s, so that no generic
/// code runs for each task that starts and ends.
final class SpawnedTask: TaskRecord {
  /// How far it has come.
  enum Ending {
    case none
    case succeeded
    case failed(any Error)
  }

  @exclusivity(unchecked) private(set) var ending = Ending.none
  /// Whether somebody has seen the ending, or will: an error that nobody sees is reported.
  var isObserved = false
  @exclusivity(unchecked) private var waiting: WaitQueue?
  /// The runtime's handle, for as long as the task runs.
  @exclusivity(unchecked) private var handle: Task<Void, Never>?

  deinit {
    guard !isObserved, case .failed(let error) = ending, !isCancellation(error) else { return }
    UnhandledErrors.report(error, task: name)
  }

  /// Whether it has ended.
  var isDone: Bool {
    if case .none = ending { false } else { true }
  }

  override func cancelInRuntime() {
    handle?.cancel()
  }

  /// Starts the task, in the given isolation and on this loop.
  ///
  /// The one place where tasks are started: a bare `Task {}` leaves a worker's loop.
  ///
  /// - Parameter skipsIfCancelled: Whether a task that is cancelled before it starts ends at once
  ///   with `CancellationError`, without calling `body`.
  func start(
    skipsIfCancelled: Bool = true, isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Void
  ) {
    // SAFETY: the task runs in the caller's isolation, or as nonisolated code on the caller's loop:
    // in both cases on this thread, as everything that the closure has captured.
    nonisolated(unsafe) let body = body
    nonisolated(unsafe) let task = self
    if core.mainExecutor != nil {
      // The process is this loop's: its default executor is this loop.
      handle = Task {
        _ = isolation
        guard task.beginUnlessCancelled(skipsIfCancelled) else { return }
        do {
          try await body()
          task.end(.succeeded)
        } catch {
          task.end(.failed(error))
        }
      }
    } else {
      handle = Task(executorPreference: core.face.taskExecutor) {
        _ = isolation
        guard task.beginUnlessCancelled(skipsIfCancelled) else { return }
        do {
          try await body()
          task.end(.succeeded)
        } catch {
          task.end(.failed(error))
        }
      }
    }
  }

  /// Has a waiter woken when the task ends, after those that wait already; not if it has ended.
  func wakeAtEnd(_ waiter: Waiter) {
    let queue = waiting ?? WaitQueue(core)
    waiting = queue
    queue.append(waiter)
  }

  /// Waits for the end.
  ///
  /// - Throws: The task's error; `CancellationError` if the waiting task is cancelled first, and
  ///   then this task goes on.
  nonisolated(nonsending) func wait() async throws {
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
  private func beginUnlessCancelled(_ skipsIfCancelled: Bool) -> Bool {
    begin()
    guard skipsIfCancelled, isCancelled else { return true }
    end(.failed(CancellationError()))
    return false
  }

  private func end(_ ending: Ending) {
    self.ending = ending
    waiting?.wakeAll()
    // Here and not in deinit, which may be on another thread, with the handle's last copy.
    waiting = nil
    handle = nil
    end()
  }
}

/// Where a task puts its value, and its waiters find it.
@usableFromInline
final class ResultBox<Success> {
  @usableFromInline var value: Success?

  @inlinable
  init() {}
}

/// A task with its value.
struct Child<Success> {
  let task: SpawnedTask
  private let box = ResultBox<Success>()

  init(in list: TaskList, name: String? = nil) {
    task = SpawnedTask(in: list, name: name)
    task.isObserved = true
  }

  /// Starts the task; as ``SpawnedTask/start(skipsIfCancelled:isolation:_:)``.
  func start(
    skipsIfCancelled: Bool = true, isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) {
    task.start(skipsIfCancelled: skipsIfCancelled, isolation: isolation) { [box] in box.value = try await body() }
  }

  /// What became of it; nil as long as it runs.
  var outcome: Result<Success, any Error>? {
    switch task.ending {
    case .none: nil
    case .succeeded: box.value.map { .success($0) }
    case .failed(let error): .failure(error)
    }
  }
}
