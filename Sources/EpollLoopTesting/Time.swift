import EpollLoop

/// Moves virtual time forward, from deadline to deadline, and lets everything run that comes due.
///
/// ```swift
/// try await runOnLoop(clock: .manual) {
///   let task = spawn { try await sleep(for: .seconds(30)) }
///   try await advance(by: .seconds(29))
///   #expect(!task.isDone)
///   try await advance(by: .seconds(1))
///   #expect(task.isDone)
/// }
/// ```
///
/// First everything that is ready runs until it is blocked, as in ``waitUntilAllBlocked()``. Then time moves to the next
/// deadline, its timers fire in the order of their creation, and their tasks run until they are blocked; and so on, up
/// to and including the deadlines at the end of `duration`. Work that a pool's thread does, such as an offloaded call,
/// does not hold this up, and is not awaited.
///
/// On a loop with `clock: .manual` this alone moves time. With `.virtual` it works too, and time also jumps to the next
/// deadline whenever all tasks are blocked, the test's own included. On the kernel's clock it traps. `Task.sleep`,
/// `ContinuousClock` and `SuspendingClock` follow on the loop's thread; `Date()` does not.
///
/// - Parameter duration: How far; zero or more.
/// - Throws: `CancellationError` if the task is cancelled first; time then stands at the last deadline that was reached.
public func advance(by duration: Duration) async throws {
  try await EventLoop.current.advance(by: duration)
}

/// Waits until all other tasks and callbacks of the loop are blocked: nothing is ready, no timer is due, and the kernel
/// and other threads have nothing new.
///
/// Time stands still meanwhile, on virtual loops; on the kernel's clock this works too. A task that awaits an offloaded
/// call is blocked. Several tasks may wait: all go on, in the order of their calls. A task that yields forever is never
/// blocked, and then this never returns.
///
/// - Throws: `CancellationError` if the task is cancelled first.
public func waitUntilAllBlocked() async throws {
  try await EventLoop.current.waitUntilIdle()
}
