/// What a loop on virtual time finds out when it is about to block: whether anything can ever wake it.
extension LoopCore {
  /// How long the loop waits in real time for another thread before it counts as stuck.
  private static let stuckPatienceMilliseconds: Int32 = 1000

  /// How long a poll may block, in milliseconds; -1 for no limit.
  @inline(__always)
  func patience(mayBlock: Bool) -> Int32 {
    guard mayBlock else { return 0 }
    return onStuck != nil && nothingIsAwaitedFromOutside ? LoopCore.stuckPatienceMilliseconds : longestPoll
  }

  /// Calls ``onStuck`` if a poll with a limit has brought nothing.
  func checkStuck() {
    guard ready.count == 0, inbox.isEmpty, nothingIsAwaitedFromOutside else { return }
    onStuck?()
  }

  /// Whether all that the loop knows of waits for each other: no timer, descriptor or call is awaited, and no task is
  /// suspended by anything but the loop.
  private var nothingIsAwaitedFromOutside: Bool {
    guard clock.isVirtual, timers.count == 0 || !clock.jumps, holds == 0, !registrations.contains(where: isAwaited)
    else {
      return false
    }
    let waits = waiters.stages
    return tasks.records.allSatisfy { waits[$0] == .waiting }
  }

  private func isAwaited(_ registration: Registration) -> Bool {
    for case .awaited(let waiter) in [registration.reading, registration.writing]
    where waiters.waitingSlot(waiter) != nil { return true }
    return false
  }
}

extension EventLoop {
  /// Has a function called when the loop, on virtual time, can never go on. For the testing module.
  package func observeStuck(_ body: @escaping () -> Void) { bound.unchecked.onStuck = body }

  /// Has a function called with each error of a task that is not awaited. For the testing module.
  package func observeUnhandledErrors(_ body: @escaping (_ error: any Error, _ task: String) -> Void) {
    bound.unchecked.onUnhandledError = body
  }

  /// Cancels all tasks that the run has started. For the testing module.
  package func cancelAll() {
    bound.unchecked.mainRecord?.cancel()
    bound.unchecked.spawned.cancelAll()
  }

  /// Ends the run and leaves its tasks where they are. For the testing module.
  package func abortRun() { bound.unchecked.abort() }
}
