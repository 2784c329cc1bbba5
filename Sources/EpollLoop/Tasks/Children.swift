/// Tasks with one parent, which waits for all of them: what stands behind scopes, gathers, races,
/// timeouts and serving.
///
/// They are a list and not a task group: to end costs the same in whatever order they end.
final class Children {
  let core = LoopCore.current
  let list = TaskList()
  /// The first failure, which has cancelled the others.
  private(set) var failure: (any Error)?
  /// Whether all have been cancelled, and those yet to come.
  private(set) var isCancelled = false

  /// Starts a child whose errors are the business of `body`: nobody is told of one that it throws.
  @discardableResult
  func start(isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Void) -> SpawnedTask {
    let task = SpawnedTask(core, in: list)
    task.start(isolation: isolation, body)
    return task
  }

  /// Starts a child with a value; if `cancelsOthers`, its error ends all.
  func start<Success>(
    cancelsOthers: Bool, isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) -> Child<Success> {
    let child = Child<Success>(core, in: list)
    child.start(isolation: isolation) {
      do {
        return try await body()
      } catch {
        if cancelsOthers { self.fail(error) }
        throw error
      }
    }
    return child
  }

  /// Starts a child that also runs if all are cancelled, up to its first wait: what the parent itself does.
  func startBody<Success>(
    isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) -> Child<Success> {
    let child = Child<Success>(core, in: list)
    child.start(skipsIfCancelled: false, isolation: isolation, body)
    return child
  }

  /// Takes an error for the failure of all, if it is the first, and cancels the others.
  func fail(_ error: any Error) {
    guard failure == nil else { return }
    failure = error
    cancel()
  }

  /// Cancels all, also those yet to come: what has not started never does.
  func cancel() {
    guard !isCancelled else { return }
    isCancelled = true
    list.close {}
  }

  /// Waits until fewer than `limit` are running.
  ///
  /// - Returns: False if no more should be started: one has failed, or the parent was cancelled.
  nonisolated(nonsending) func makeRoom(_ limit: Int) async -> Bool {
    if !isCancelled, list.count >= limit, await !list.shrink(to: limit - 1) {
      cancel()
      await list.drain()
    }
    return !isCancelled
  }

  /// Waits until all have ended; if the parent is cancelled meanwhile, so are they.
  ///
  /// - Returns: Whether the parent was cancelled.
  @discardableResult
  nonisolated(nonsending) func join() async -> Bool {
    if await list.shrink(to: 0) { return false }
    cancel()
    await list.drain()
    return true
  }

  /// Waits until all have ended, whatever happens to the parent, and cancels those that have not when
  /// the grace is over.
  nonisolated(nonsending) func drain(grace: Duration) async {
    let end = core.add { [self] in cancel() }
    if grace > .zero { core.schedule(end, at: core.now + grace) } else { cancel() }
    await list.drain()
    core.withdraw(end)
  }
}

extension Child {
  /// What became of a child that has ended; one that never started was cancelled.
  var result: Result<Success, any Error> { outcome ?? .failure(CancellationError()) }
}
