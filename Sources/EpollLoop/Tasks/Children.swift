/// Tasks with one parent, which waits for all of them: what stands behind scopes, gathers, races,
/// timeouts and serving.
///
/// They are a list and not a task group: to end costs the same in whatever order they end. Nothing here is generic:
/// what is generic and public is thin, compiled in the module that uses it, and calls this.
@usableFromInline
class Children: TaskList {
  final let core = LoopCore.current
  /// The first failure, which has cancelled the others.
  @exclusivity(unchecked) @usableFromInline final private(set) var failure: (any Error)?
  /// Whether all have been cancelled, and those yet to come.
  @exclusivity(unchecked) @usableFromInline final private(set) var isCancelled = false
  /// Whether an error that a child's body throws is the failure of all.
  private final let cancelsOthers: Bool

  @usableFromInline
  init(cancelsOthers: Bool = false) {
    self.cancelsOthers = cancelsOthers
  }

  /// Adds a child that is to be started next.
  @usableFromInline
  final func add() -> SpawnedTask {
    SpawnedTask(core, in: self)
  }

  /// Starts a child; what it throws is dropped, unless it is the failure of all.
  @inlinable
  final func start(isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Void) {
    add().start(isolation: isolation, body)
  }

  /// Starts a child with a value.
  @inlinable
  final func startChild<Success>(
    isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) -> Child<Success> {
    let child = Child<Success>(add())
    child.start(isolation: isolation, body)
    return child
  }

  /// Starts a child that also runs if all are cancelled, up to its first wait: what the parent itself does.
  @inlinable
  @discardableResult
  final func startBody<Success>(
    isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) -> Child<Success> {
    let child = Child<Success>(add())
    child.start(skipsIfCancelled: false, isolation: isolation, body)
    return child
  }

  override final func childFailed(_ error: any Error) {
    if cancelsOthers { fail(error) }
  }

  /// Takes an error for the failure of all, if it is the first, and cancels the others.
  final func fail(_ error: any Error) {
    guard failure == nil else { return }
    failure = error
    cancel()
  }

  /// Cancels all, also those yet to come: what has not started never does.
  @usableFromInline
  final func cancel() {
    guard !isCancelled else { return }
    isCancelled = true
    close {}
  }

  /// Whether fewer than `limit` are running, and more may be started.
  @usableFromInline
  final func hasRoom(_ limit: Int) -> Bool {
    !isCancelled && count < limit
  }

  /// Waits until fewer than `limit` are running.
  ///
  /// - Returns: False if no more should be started: one has failed, or the parent was cancelled.
  @usableFromInline
  final nonisolated(nonsending) func makeRoom(_ limit: Int) async -> Bool {
    if !isCancelled, count >= limit, await !shrink(to: limit - 1) {
      cancel()
      await drain()
    }
    return !isCancelled
  }

  /// Waits until all have ended; if the parent is cancelled meanwhile, so are they.
  ///
  /// - Returns: Whether the parent was cancelled.
  @usableFromInline
  @discardableResult
  final nonisolated(nonsending) func join() async -> Bool {
    if await shrink(to: 0) { return false }
    cancel()
    await drain()
    return true
  }

  /// Waits until all have ended, as ``join()``.
  ///
  /// - Throws: The failure of all.
  @usableFromInline
  final nonisolated(nonsending) func joinUnlessFailed() async throws {
    await join()
    if let failure { throw failure }
  }

  /// Waits until all have ended, whatever happens to the parent, and cancels those that have not when
  /// the grace is over.
  final nonisolated(nonsending) func drain(grace: Duration) async {
    let end = core.add { [self] in cancel() }
    if grace > .zero { core.schedule(end, at: core.now + grace) } else { cancel() }
    await drain()
    core.withdraw(end)
  }
}
