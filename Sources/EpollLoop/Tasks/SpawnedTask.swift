/// A task of the loop with its result: what stands behind handles, gathers, timeouts and serving.
final class SpawnedTask<Success>: TaskRecord {
  /// How it ended; nil as long as it runs.
  private(set) var outcome: Result<Success, any Error>?
  /// Whether somebody has seen the outcome, or will: an error that nobody sees is reported.
  var isObserved = false
  private var waiting: WaitQueue?
  /// The runtime's handle, for as long as the task runs.
  private var handle: Task<Void, Never>?

  deinit {
    guard !isObserved, case .failure(let error) = outcome, !isCancellation(error) else { return }
    UnhandledErrors.report(error, task: name)
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
    skipsIfCancelled: Bool = true, isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) {
    // SAFETY: the task runs in the caller's isolation, or as nonisolated code on the caller's loop:
    // in both cases on this thread, as everything that the closure has captured.
    nonisolated(unsafe) let body = body
    nonisolated(unsafe) let task = self
    if core.mainExecutor != nil {
      // The process is this loop's: its default executor is this loop.
      handle = Task {
        _ = isolation
        await task.run(skipsIfCancelled, body)
      }
    } else {
      handle = Task(executorPreference: core.face.taskExecutor) {
        _ = isolation
        await task.run(skipsIfCancelled, body)
      }
    }
  }

  /// Waits for the end.
  ///
  /// - Throws: The task's error; `CancellationError` if the waiting task is cancelled first, and
  ///   then this task goes on.
  nonisolated(nonsending) func value() async throws -> Success {
    while true {
      if let outcome {
        isObserved = true
        return try outcome.get()
      }
      let queue = waiting ?? WaitQueue(core)
      waiting = queue
      if await core.park({ queue.append($0) }) == .cancelled, outcome == nil { throw CancellationError() }
    }
  }

  private nonisolated(nonsending) func run(
    _ skipsIfCancelled: Bool, _ body: () async throws -> Success
  ) async {
    begin()
    if skipsIfCancelled, isCancelled {
      outcome = .failure(CancellationError())
    } else {
      do {
        outcome = .success(try await body())
      } catch {
        outcome = .failure(error)
      }
    }
    waiting?.wakeAll()
    handle = nil
    end()
  }
}
