/// The end of a run, by one rule: accepted calls are made, in their order; spawned tasks are cancelled and awaited;
/// callbacks and watches end without another call, and release what they have captured.
extension LoopCore {
  /// Ends the run after the job that runs now. On the loop's thread only.
  func stop() {
    isStopping = true
  }

  /// Ends the run as ``stop()`` does, and leaves spawned tasks where they are.
  func abort() {
    isAborted = true
    isStopping = true
  }

  /// Ends the run: from here on calls are refused.
  func leave() {
    inbox.refuseCalls()
    inbox.takeRest(&batch)
    dropCallbacks { $0.endsWithRun }
    // This ends, since no further call is accepted. The kernel is not polled meanwhile.
    while received < batch.count || acceptedCalls > 0 {
      if received < batch.count { receive() }
      if ready.count > 0 { run(ready.removeFirst()) }
    }
    while hasLateTasks {
      isStopping = false
      tick()
    }
    dropCallbacks { _ in true }
    repeat {
      inbox.takeRest(&batch)
      while received < batch.count { receive() }
    } while !inbox.closeIfEmpty()
    isAborted = false
    CurrentLoop.set(nil)
  }

  /// Whether tasks are left that the last calls have spawned; they are cancelled.
  private var hasLateTasks: Bool { !isAborted && spawned.isClosed && spawned.count > 0 }

  /// Takes callbacks back for good, with those in the ready queue, and ends watches.
  private func dropCallbacks(_ isWanted: (Callback) -> Bool) {
    // The deinitializer of a captured object may create more callbacks: the rounds are bounded.
    var rounds = 0
    repeat {
      for waiter in waiters.callbacks where !isAcceptedCall(waiter) {
        if let callback = callback(of: waiter) {
          guard isWanted(callback) else { continue }
          if case .whileReady(let registration, _) = callback.repetition { endWatch(registration) }
        }
        withdraw(waiter)
      }
      for index in ready.removeCallbacks({ isWithdrawn($0) }) { runWithdrawn(index) }
      rounds += 1
    } while rounds < 100 && waiters.callbacks.contains { isPending($0, isWanted) }
  }

  private func isPending(_ waiter: Waiter, _ isWanted: (Callback) -> Bool) -> Bool {
    guard let slot = waiters.slot(waiter), slot.pointee.stage != .withdrawn else { return false }
    return !isAcceptedCall(waiter) && callback(of: waiter).map(isWanted) ?? true
  }

  /// Ends a watch that was not cancelled; its descriptor stays its owner's.
  private func endWatch(_ registration: Registration) {
    if case .closed = registration.reading { return }
    registration.reading = .closed
    registration.writing = .closed
    deregister(registration)
  }
}
