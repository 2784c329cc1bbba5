/// What a repeating timer does about ticks that it missed because the loop was busy.
public enum MissedTicks: Sendable {
  /// Makes up for them, one after the other, without a pause.
  case burst
  /// Counts each tick from the instant at which the one before was given: one that is late, however little, puts
  /// all later ones off. If more than a period has passed by then, the next one comes a period from now.
  case delay
  /// Leaves them out, and goes on at the next multiple of the period.
  case skip
}

/// A function that is called again and again, and when.
final class Callback {
  /// What happens after a call.
  enum Repetition {
    /// Every `period` nanoseconds; `next` is the instant of the coming call.
    case every(period: Int64, missed: MissedTicks, next: Int64)
    /// As long as the descriptor stays ready.
    case whileReady(Registration, Registration.Direction)
  }

  let body: () -> Void
  /// Whether the end of a run ends it before the last accepted calls are made.
  var endsWithRun = true
  var repetition: Repetition
  /// When the last call began, in nanoseconds; only kept for ``MissedTicks/delay``.
  private(set) var called: Int64 = 0

  init(_ repetition: Repetition, _ body: @escaping () -> Void) {
    self.repetition = repetition
    self.body = body
  }

  /// Notes when a call begins, if the next one is counted from it.
  @inline(__always)
  func willCall(_ core: LoopCore) {
    if case .every(_, .delay, _) = repetition { called = core.now.nanoseconds }
  }

  /// Counts the coming calls from another instant; one in the past counts as now.
  func restart(at instant: Instant, now: Instant) {
    guard case .every(let period, let missed, _) = repetition else { return }
    repetition = .every(period: period, missed: missed, next: max(instant, now).nanoseconds)
  }
}

extension LoopCore {
  /// Makes a waiter of a function that is called once; it is to be placed or woken next.
  @inline(__always)
  func add(_ body: consuming @escaping () -> Void) -> Waiter {
    if awaitsFirstTurn { cameEarly() }
    return waiters.take(function: body)
  }

  /// Makes a waiter of a callback; it is to be placed or woken next.
  func add(_ callback: Callback) -> Waiter {
    if awaitsFirstTurn { cameEarly() }
    let subject = UInt(bitPattern: Unmanaged.passRetained(callback).toOpaque())
    return waiters.take(.callback, subject: subject, record: 0)
  }

  /// Calls `body` after what is ready now.
  @discardableResult
  func soon(_ body: @escaping () -> Void) -> Waiter {
    let waiter = add(body)
    wake(waiter, .ready)
    return waiter
  }

  /// Has a call made that was accepted from another thread, after what is ready now; the end of the run waits for it.
  func accept(_ body: @escaping () -> Void) {
    let waiter = soon(body)
    waiters.slots[Int(waiter.slot)].home = .none
    acceptedCalls += 1
  }

  /// Whether a waiter is an accepted call; other functions are the loop's own.
  func isAcceptedCall(_ waiter: Waiter) -> Bool {
    guard let slot = waiters.slot(waiter) else { return false }
    return slot.pointee.kind == .function && slot.pointee.home == Home.none
  }

  /// The callback of a waiter; nil if it is a function that is called once.
  func callback(of waiter: Waiter) -> Callback? {
    guard let slot = waiters.slot(waiter), slot.pointee.kind == .callback else { return nil }
    return callback(in: waiter.slot)
  }

  /// Whether a slot's function or callback has been taken back, and its turn is still to come.
  func isWithdrawn(_ index: UInt32) -> Bool {
    let slot = waiters.slots[Int(index)]
    return (slot.kind == .function || slot.kind == .callback) && slot.stage == .withdrawn
  }

  /// Runs the turn of a function or callback that has been taken back: it gives the slot back.
  func runWithdrawn(_ index: UInt32) {
    if waiters.slots[Int(index)].kind == .function { runFunction(index) } else { runCallback(index) }
  }

  /// Wakes a waiter after what is ready now: for a place that finds its reason there already.
  func wakeSoon(_ waiter: Waiter) {
    soon { [self] in wake(waiter, .ready) }
  }

  /// Takes a callback back: it is not called any more. Nothing happens if it cannot be.
  func withdraw(_ waiter: Waiter) {
    guard let slot = callbackSlot(waiter) else { return }
    switch slot.pointee.stage {
    case .waiting:
      timers.remove(waiter.slot)
      waiters.unlink(waiter.slot)
      guard slot.pointee.voidTurns > 0 else { return discard(waiter.slot) }
      // Its last turn is void no more: it gives the slot back.
      slot.pointee.voidTurns -= 1
    case .rearmed:
      timers.remove(waiter.slot)
    case .woken, .running:
      // Its turn in the ready queue comes, finds nothing, and gives the slot back; or the call ends.
      break
    case .withdrawn:
      return
    }
    slot.pointee.stage = .withdrawn
    waiters.withdrawn += 1
  }

  /// Moves a callback to another instant, as if it were created now. No allocation.
  ///
  /// - Returns: False if it has been taken back, or has been called for the last time.
  func reschedule(_ waiter: Waiter, at deadline: Instant) -> Bool {
    guard let slot = callbackSlot(waiter) else { return false }
    switch slot.pointee.stage {
    case .waiting, .rearmed:
      timers.remove(waiter.slot)
    case .woken:
      slot.pointee.stage = .waiting
      slot.pointee.voidTurns += 1
    case .running:
      slot.pointee.stage = .rearmed
    case .withdrawn:
      return false
    }
    if slot.pointee.kind == .callback { callback(in: waiter.slot).restart(at: deadline, now: now) }
    scheduleNew(waiter, at: deadline)
    return true
  }

  /// Calls the function of a slot whose turn has come.
  @inline(__always)
  func runFunction(_ index: UInt32) {
    let slot = waiters.slots + Int(index)
    guard slot.pointee.voidTurns == 0 else { return slot.pointee.voidTurns -= 1 }
    let isWanted = slot.pointee.stage == .woken && slot.pointee.wake != .closed
    let body = waiters.takeOut(function: index)
    guard isWanted else { return discard(body, of: index) }
    if slot.pointee.home == Home.none { acceptedCalls -= 1 }
    // The slot stays taken during the call, so that the function can put itself off.
    slot.pointee.stage = .running
    body()
    guard waiters.slots[Int(index)].stage == .rearmed else { return discard(body, of: index) }
    waiters.slots[Int(index)].stage = .waiting
    waiters.putIn(function: body, index)
  }

  /// Calls the callback of a slot whose turn has come, and places it again.
  func runCallback(_ index: UInt32) {
    let slot = waiters.slots + Int(index)
    guard slot.pointee.voidTurns == 0 else { return slot.pointee.voidTurns -= 1 }
    guard slot.pointee.stage == .woken, slot.pointee.wake != .closed else { return discard(index) }
    let callback = callback(in: index)
    if case .whileReady(let registration, _) = callback.repetition, case .closed = registration.reading {
      // The watch has been cancelled since it was woken.
      return discard(index)
    }
    // The slot stays taken during the call, so that the callback can withdraw itself.
    slot.pointee.stage = .running
    let generation = slot.pointee.generation
    callback.willCall(self)
    callback.body()
    switch waiters.slots[Int(index)].stage {
    case .running:
      waiters.slots[Int(index)].stage = .waiting
      repeatCallback(callback, Waiter(slot: index, generation: generation))
    case .rearmed:
      waiters.slots[Int(index)].stage = .waiting
    case .withdrawn:
      discard(index)
    case .waiting, .woken:
      preconditionFailure("A callback was woken while it ran")
    }
  }

  private func repeatCallback(_ callback: Callback, _ waiter: Waiter) {
    switch callback.repetition {
    case .every(let period, let missed, let last):
      let next = missed.next(after: last, given: callback.called, period: period, now: now.nanoseconds)
      callback.repetition = .every(period: period, missed: missed, next: next)
      schedule(waiter, at: Instant(nanoseconds: next))
    case .whileReady(let registration, .reading):
      if case .closed = registration.reading { return discard(waiter.slot) }
      registration.reading = .awaited(waiter)
    case .whileReady(let registration, .writing):
      if case .closed = registration.writing { return discard(waiter.slot) }
      registration.writing = .awaited(waiter)
    }
  }

  /// Gives the slot of a function or callback back, and lets go of what it would have called.
  @inline(__always)
  private func discard(_ index: UInt32) {
    guard waiters.slots[Int(index)].kind == .function else { return discard(callback: index) }
    discard(waiters.takeOut(function: index), of: index)
  }

  /// Gives a slot back whose function has been taken out, and then lets go of the function.
  @inline(__always)
  private func discard(_ body: @escaping () -> Void, of index: UInt32) {
    waiters.giveBack(index)
    // Not before: what it has captured may end with it, and use the loop; and the optimizer ends a value after
    // its last use. In a struct: bare, a generic argument, it would be wrapped in another function.
    withExtendedLifetime(WaiterTable.Function(call: body)) {}
  }

  @inline(never)
  private func discard(callback index: UInt32) {
    let callback = callback(in: index)
    waiters.giveBack(index)
    Unmanaged.passUnretained(callback).release()
  }

  /// The slot of a function or callback that is not over; nil otherwise.
  @inline(__always)
  private func callbackSlot(_ waiter: Waiter) -> UnsafeMutablePointer<WaiterTable.Slot>? {
    guard let slot = waiters.slot(waiter) else { return nil }
    return slot.pointee.kind == .function || slot.pointee.kind == .callback ? slot : nil
  }

  /// The callback of a slot.
  private func callback(in index: UInt32) -> Callback {
    // SAFETY: `add` retained it; `discard` gives that up.
    Unmanaged<Callback>.fromOpaque(pointer(waiters.slots[Int(index)].subject)).takeUnretainedValue()
  }

  private func pointer(_ address: UInt) -> UnsafeRawPointer {
    UnsafeRawPointer(bitPattern: address).unsafelyUnwrapped
  }
}

extension MissedTicks {
  /// The instant of the tick that follows the one that was due at `last`, all in nanoseconds; saturates.
  ///
  /// - Parameter given: When that tick was given; only used for ``delay``.
  func next(after last: Int64, given: Int64, period: Int64, now: Int64) -> Int64 {
    let (due, overflow) = (self == .delay ? max(last, given) : last).addingReportingOverflow(period)
    guard !overflow else { return .max }
    guard due <= now else { return due }
    switch self {
    case .burst:
      return due
    case .delay:
      let (next, overflow) = now.addingReportingOverflow(period)
      return overflow ? .max : next
    case .skip:
      let missed = (now - due) / period + 1
      let (next, overflow) = due.addingReportingOverflow(missed.multipliedReportingOverflow(by: period).partialValue)
      return overflow ? .max : next
    }
  }
}
