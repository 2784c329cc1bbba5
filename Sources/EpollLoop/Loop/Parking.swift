/// Where tasks wait: an executor that does not run what is enqueued to it, but keeps it.
///
/// A task parks by a hop to this actor. The runtime hands the suspended task over as a job; the job
/// goes into the waiter's slot, and when the waiter is woken it runs on the executor that the task
/// came from, so that the hop back finds itself already there. Nothing of the task runs in between:
/// ``stop()`` does nothing of use.
///
/// A continuation would do the same for many more instructions, since Swift 6.3 keeps a status
/// record and takes a lock for each one, and resumes main-actor tasks by way of the default executor.
actor Parking {
  private let executor: ParkingExecutor
  nonisolated let unownedExecutor: UnownedSerialExecutor

  init(_ executor: ParkingExecutor) {
    self.executor = executor
    unownedExecutor = UnownedSerialExecutor(ordinary: executor)
  }

  /// Suspends the caller until its waiter is woken.
  ///
  /// Its one call is for the optimizer, which cannot see what that does. A function that does nothing it moves
  /// out of a loop, which then turns for ever; and over one that is seen to change nothing else it keeps what
  /// the caller has read before, although everything may have changed meanwhile.
  @inline(never)
  func stop() { _ = CurrentLoop.address }
}

/// The executor of ``Parking``.
// SAFETY: a task hops here only inside `park`, on the thread of the loop that made this object.
final class ParkingExecutor: SerialExecutor, @unchecked Sendable {
  /// The loop, which holds this object and sets this as soon as it is made.
  var core: Unmanaged<LoopCore>?

  func enqueue(_ job: consuming ExecutorJob) {
    // SAFETY: an UnownedJob is one word, and `Tick` makes one of it again.
    let address = unsafeBitCast(UnownedJob(job), to: UInt.self)
    core.unsafelyUnwrapped._withUnsafeGuaranteedRef { $0.keep(address) }
  }

  func checkIsolated() {}
  func isIsolatingCurrentContext() -> Bool? { true }
}

extension LoopCore {
  /// Has the current task wait as a waiter; it is suspended, unless it can wait in place.
  ///
  /// If the task is cancelled already, nothing is placed and it goes on at once; if it is cancelled
  /// while it waits, it wakes with `cancelled`.
  ///
  /// - Parameters:
  ///   - what: What it waits for, in a few words for a list of tasks.
  ///   - place: Puts the waiter where somebody will wake it. Must not wake it itself.
  /// - Returns: Why it was woken.
  @inline(__always)
  nonisolated(nonsending) func park(for what: StaticString, _ place: (Waiter) -> Void) async -> Wake {
    #if DEBUG
      check("wait")
    #endif
    let (task, isCancelled) = RunningTask.look()
    if isCancelled { return .cancelled }
    let actor = beginActorWait()
    let record = self.record(of: task)
    let waiter = waiters.take(.task, subject: 0, record: record)
    place(waiter)
    if record != 0 {
      // Whoever cancels one of our tasks knows its record, and the record its waiter.
      TaskRecord.at(record) {
        $0.waiter = waiter
        $0.waits(for: what, now: lookTime)
      }
      if !waitInPlace(waiter, record) { await stop(waiter) }
    } else {
      await stopCancellable(waiter)
    }
    endActorWait(actor)
    return finish(waiter)
  }

  /// As ``park(for:_:)``, as a waiter that cancellation does not wake.
  @inline(__always)
  nonisolated(nonsending) func parkThroughCancellation(
    for what: StaticString, _ place: (Waiter) -> Void
  ) async -> Wake {
    check("wait")
    let actor = beginActorWait()
    let record = record(of: RunningTask.address)
    let waiter = waiters.take(.task, subject: 0, record: record)
    place(waiter)
    if record != 0 { TaskRecord.at(record) { $0.waits(for: what, now: lookTime) } }
    if !waitInPlace(waiter, record) { await stop(waiter) }
    endActorWait(actor)
    return finish(waiter)
  }

  /// Lets everything run that is ready now, then goes on. Not a check for cancellation.
  nonisolated(nonsending) func giveWay() async {
    check("yield")
    let actor = beginActorWait()
    let waiter = waiters.take(.task, subject: 0, record: record(of: RunningTask.address))
    parkingSlot = waiter.slot
    wake(slot: waiter.slot, .ready)
    // The job arrives in the slot before anything else runs.
    await parking.stop()
    endActorWait(actor)
    _ = finish(waiter)
  }

  /// Puts the job of the task that is just suspending into the slot that waits for it.
  @inline(__always)
  fileprivate func keep(_ job: UInt) {
    let slot = waiters.slots + Int(parkingSlot)
    slot.pointee.subject = job
    slot.pointee.home = currentHome
  }

  /// Spends one operation of the running job's budget.
  ///
  /// - Returns: Whether it is used up: ``giveWay()`` is next.
  @inline(__always)
  func spend() -> Bool {
    budget &-= 1
    return budget <= 0
  }

  /// Whether the running job may do another operation without giving way after it.
  @inline(__always)
  var hasBudget: Bool { budget > 1 }

  @inline(__always)
  private nonisolated(nonsending) func stop(_ waiter: Waiter) async {
    parkingSlot = waiter.slot
    await parking.stop()
  }

  /// Waits as a task that others may cancel: plain tasks, children of task groups, `async let`.
  @inline(never)
  private func stopCancellable(
    _ waiter: Waiter, isolation: isolated (any Actor)? = #isolation
  ) async {
    if awaitsFirstTurn { cameEarly() }
    let bound = LoopBound(self, self)
    let inbox = inbox
    await withTaskCancellationHandler {
      _ = isolation
      await bound.open("wait").stop(waiter)
    } onCancel: {
      if let core = bound.openIfCurrent() {
        core.wake(waiter, .cancelled)
      } else {
        _ = inbox.submit(.wake(waiter, .cancelled))
      }
    }
  }

  @inline(__always)
  private func finish(_ waiter: Waiter) -> Wake {
    checkThread()
    let slot = waiters.slots + Int(waiter.slot)
    let wake = slot.pointee.wake
    currentRecord = slot.pointee.record
    waiters.giveBack(waiter.slot)
    return wake
  }

  /// Traps if a task of this loop goes on elsewhere, before it can do harm.
  @inline(__always)
  func checkThread() {
    precondition(isCurrent, LoopCore.strayed)
  }

  /// What a task that is on the wrong thread has to be told.
  static var strayed: String {
    """
    A task that waited on an event loop goes on on another thread: an actor that other threads use \
    too, or Task.immediate on a worker's loop, has taken it along
    """
  }

  /// The record of the running task; 0 if it is none of ours.
  @inline(__always)
  func record(of task: UInt) -> UInt {
    let record = currentRecord
    if record != 0, TaskRecord.at(record, { $0.task == task }) { return record }
    return tasks.find(task)
  }
}
