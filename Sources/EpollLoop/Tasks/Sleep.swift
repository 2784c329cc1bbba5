/// Suspends the current task for at least a duration of the loop's clock, never less.
///
/// Zero and less give way to what is ready and to timers that are due.
///
/// - Throws: `CancellationError` if the task is cancelled first; its timer is gone at once.
/// - Precondition: An event loop runs on this thread.
public func sleep(for duration: Duration) async throws {
  try await sleep(until: LoopCore.current.now + duration)
}

/// Suspends the current task until an instant of the loop's clock, never less.
///
/// Tasks with one deadline wake in the order in which they went to sleep. An instant in the past
/// gives way to what is ready and to timers that are due; ``Instant/distantFuture`` never comes.
///
/// - Throws: `CancellationError` if the task is cancelled first; its timer is gone at once.
/// - Precondition: An event loop runs on this thread.
public func sleep(until instant: Instant) async throws {
  let core = LoopCore.current
  let wake = await core.park(for: "sleep") { core.schedule($0, at: instant) }
  guard wake == .timedOut else { throw CancellationError() }
}

/// Gives way: everything that is ready now runs first.
///
/// It does not look at cancellation. Half the cost of `Task.yield()`, which enqueues the task twice.
///
/// - Precondition: An event loop runs on this thread.
public func yield() async {
  await LoopCore.current.giveWay()
}
