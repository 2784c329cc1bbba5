/// What drives a test on virtual time: a wait until nothing else can run, and a clock that is moved by hand.
extension LoopCore {
  /// Suspends the task until nothing else is ready, no timer is due, and the kernel and the inbox have nothing new.
  ///
  /// - Returns: `cancelled` if the task is cancelled first.
  nonisolated(nonsending) func parkUntilIdle() async -> Wake {
    await park(for: "other tasks to block") { waiter in
      idleWaiters.append(waiter)
      awaitsIdle = true
    }
  }

  /// Wakes the tasks that wait until nothing else can run, in the order in which they began to wait.
  func wakeIdleWaiters() {
    let waiters = idleWaiters
    idleWaiters = []
    awaitsIdle = false
    // A waiter that was cancelled is stale, and waking it has no effect.
    for waiter in waiters { wake(waiter, .ready) }
  }

  /// Moves virtual time forward; timers that come due are woken by the next poll.
  func moveClock(to instant: Instant) {
    clock.move(to: instant)
    clockMoved?(clock.now)
  }
}

extension EventLoop {
  /// Waits until all other tasks and callbacks of this loop are blocked. For the testing module.
  ///
  /// - Throws: `CancellationError` if the task is cancelled first.
  package func waitUntilIdle() async throws {
    if await bound.open("waitUntilAllBlocked").parkUntilIdle() == .cancelled { throw CancellationError() }
  }

  /// Moves virtual time by a duration, from deadline to deadline. For the testing module.
  ///
  /// - Throws: `CancellationError` if the task is cancelled first; time then stands at the last deadline reached.
  package func advance(by duration: Duration) async throws {
    let core = bound.open("advance")
    precondition(
      core.clock.isVirtual, "Only virtual time can be advanced: run the test with 'runOnLoop(clock: .manual) { … }'")
    precondition(duration >= .zero, "Time does not go back: advance(by:) takes a duration of zero or more")
    let target = core.now + duration
    try await waitUntilIdle()
    while core.timers.count > 0, core.timers.earliest <= target.nanoseconds {
      core.moveClock(to: Instant(nanoseconds: core.timers.earliest))
      try await waitUntilIdle()
    }
    core.moveClock(to: target)
  }
}
