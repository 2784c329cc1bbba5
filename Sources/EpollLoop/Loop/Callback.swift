/// What a repeating timer does about ticks that it missed because the loop was busy.
public enum MissedTicks: Sendable {
  /// Makes up for them, one after the other, without a pause.
  case burst
  /// Counts the next one from now.
  case delay
  /// Leaves them out, and goes on at the next multiple of the period.
  case skip
}

/// A function that waits for its turn, and whether it waits again afterwards.
final class Callback {
  /// What happens after a call.
  enum Repetition {
    case never
    /// Every `period` nanoseconds; `next` is the instant of the coming call.
    case every(period: Int64, missed: MissedTicks, next: Int64)
    /// As long as the descriptor stays ready.
    case whileReady(Registration, Registration.Direction)
  }

  let body: () -> Void
  var repetition: Repetition

  init(_ repetition: Repetition, _ body: @escaping () -> Void) {
    self.repetition = repetition
    self.body = body
  }
}

extension LoopCore {
  /// Makes a waiter of a callback; it is to be placed or woken next.
  func add(_ callback: Callback) -> Waiter {
    let subject = UInt(bitPattern: Unmanaged.passRetained(callback).toOpaque())
    return waiters.take(.callback, subject: subject, record: 0)
  }

  /// Calls `body` after what is ready now.
  @discardableResult
  func soon(_ body: @escaping () -> Void) -> Waiter {
    let waiter = add(Callback(.never, body))
    wake(waiter, .ready)
    return waiter
  }

  /// Wakes a waiter after what is ready now: for a place that finds its reason there already.
  func wakeSoon(_ waiter: Waiter) {
    soon { [self] in wake(waiter, .ready) }
  }

  /// Takes a callback back: it is not called any more. Nothing happens if it cannot be.
  func withdraw(_ waiter: Waiter) {
    guard let slot = waiters.slot(waiter), slot.pointee.kind == .callback else { return }
    switch slot.pointee.stage {
    case .waiting:
      timers.remove(waiter.slot)
      release(callback: waiter.slot)
    case .woken:
      // Its turn in the ready queue comes, finds nothing, and gives the slot back.
      slot.pointee.stage = .withdrawn
      waiters.withdrawn += 1
    case .withdrawn:
      break
    }
  }

  /// Takes all callbacks back, at the end of a run.
  func withdrawCallbacks() {
    for slot in waiters.slots(of: .callback) { withdraw(slot) }
  }

  /// Calls the callback of a slot whose turn has come, and places it again if it repeats.
  func runCallback(_ index: UInt32) {
    let slot = waiters.slots[Int(index)]
    guard slot.stage == .woken, slot.wake != .closed else { return release(callback: index) }
    // SAFETY: `add` retained it; `release` gives that up.
    let callback = Unmanaged<Callback>.fromOpaque(pointer(slot.subject)).takeUnretainedValue()
    if case .never = callback.repetition {
      release(callback: index)
      return callback.body()
    }
    if case .whileReady(let registration, _) = callback.repetition, case .closed = registration.reading {
      return release(callback: index)
    }
    // The slot stays taken during the call, so that the callback can withdraw itself.
    callback.body()
    guard waiters.slots[Int(index)].stage == .woken else { return release(callback: index) }
    waiters.slots[Int(index)].stage = .waiting
    repeatCallback(callback, Waiter(slot: index, generation: slot.generation))
  }

  private func repeatCallback(_ callback: Callback, _ waiter: Waiter) {
    switch callback.repetition {
    case .never:
      break
    case .every(let period, let missed, let last):
      let next = missed.next(after: last, period: period, now: now.nanoseconds)
      callback.repetition = .every(period: period, missed: missed, next: next)
      schedule(waiter, at: Instant(nanoseconds: next))
    case .whileReady(let registration, .reading):
      if case .closed = registration.reading { return release(callback: waiter.slot) }
      registration.reading = .awaited(waiter)
    case .whileReady(let registration, .writing):
      if case .closed = registration.writing { return release(callback: waiter.slot) }
      registration.writing = .awaited(waiter)
    }
  }

  private func release(callback index: UInt32) {
    let subject = waiters.slots[Int(index)].subject
    waiters.giveBack(index)
    Unmanaged<Callback>.fromOpaque(pointer(subject)).release()
  }

  private func pointer(_ address: UInt) -> UnsafeRawPointer {
    UnsafeRawPointer(bitPattern: address).unsafelyUnwrapped
  }
}

extension MissedTicks {
  /// The instant of the tick that follows the one of `last`, all in nanoseconds; saturates.
  func next(after last: Int64, period: Int64, now: Int64) -> Int64 {
    let (due, overflow) = last.addingReportingOverflow(period)
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
