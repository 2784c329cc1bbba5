import EpollLoop

/// The timers that are tasks.
extension Stress {
  /// Starts a task whose wait is the timer.
  func startTask(_ timer: Int, isolation: isolated (any Actor)? = #isolation) {
    switch random.next(below: 4) {
    case 0, 1: tasks[timer] = spawn { await self.sleeping(timer) }
    case 2: tasks[timer] = spawn { await self.timingOut(timer) }
    default:
      // Without a handle: a cancelled `Task.sleep` leaves its timer until it is due.
      spawn { await self.taskSleeping(timer) }
    }
  }

  /// Cancels a task, unless it is over or must not be.
  func cancelTask(_ timer: Int) {
    guard let task = tasks.removeValue(forKey: timer) else { return }
    ledger.cancelling(timer)
    task.cancel()
  }

  private func sleeping(_ timer: Int) async {
    let deadline = deadline()
    ledger.armed(timer, at: deadline)
    do {
      try await sleep(until: Instant(nanoseconds: deadline))
      ledger.fired(timer, at: loop.now, in: .exact)
    } catch {
      ledger.cancelled(timer)
    }
    tasks[timer] = nil
  }

  private func timingOut(_ timer: Int) async {
    // A limit that is over at once needs no timer, and comes before its turn.
    let deadline = deadline() + 1
    ledger.armed(timer, at: deadline)
    do {
      try await withTimeout(until: Instant(nanoseconds: deadline)) { try await sleep(until: .distantFuture) }
      ledger.note("timer \(timer): the distant future has come")
    } catch is TimeoutError {
      // On the kernel's clock the thread may have stood still until the limit was over.
      ledger.fired(timer, at: loop.now, in: options.isVirtual ? .timeout : nil)
    } catch {
      ledger.cancelled(timer)
    }
    tasks[timer] = nil
  }

  private func taskSleeping(_ timer: Int) async {
    let deadline = deadline()
    ledger.armed(timer, at: deadline)
    do {
      let instant = ContinuousClock().systemEpoch.advanced(by: .nanoseconds(deadline))
      try await Task.sleep(until: instant, clock: .continuous)
      // It hops to the default executor first: on the kernel's clock its instant may have come by then.
      ledger.fired(timer, at: loop.now, in: options.isVirtual ? .taskSleep : nil)
    } catch {
      ledger.note("timer \(timer): a sleep that nobody cancelled threw \(error)")
    }
  }
}
