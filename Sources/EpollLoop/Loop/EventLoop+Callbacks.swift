/// A callback that waits for its turn, and may be taken back.
///
/// Dropping it changes nothing: the callback stays scheduled.
public struct Scheduled: Sendable {
  private let bound: LoopBound<Void>
  private let waiter: Waiter

  @inline(__always)
  init(_ core: LoopCore, _ waiter: Waiter) {
    bound = LoopBound((), core)
    self.waiter = waiter
  }

  /// Takes the callback back: it is not called any more, unless it runs already.
  ///
  /// From any thread; on another than the loop's it takes effect when the loop hears of it. A second
  /// time, or after the last call, nothing happens.
  public func cancel() {
    if bound.core.isCurrent { return bound.core.withdraw(waiter) }
    let (bound, waiter) = (bound, waiter)
    // Refused means that the loop has ended, and then nothing is called any more.
    _ = bound.inbox.submit(
      .call {
        bound.check("cancel")
        bound.core.withdraw(waiter)
      })
  }
}

/// The callback face: what needs no task. On the loop's thread only, but for ``EventLoop/execute(_:)``.
///
/// Callbacks and tasks share one order: ready work runs first in, first out; timers fire in order of
/// deadline and creation.
extension EventLoop {
  /// Calls `body` soon: after all that is ready now.
  @discardableResult
  public func soon(_ body: @escaping () -> Void) -> Scheduled {
    let core = bound.open("EventLoop.soon")
    return Scheduled(core, core.soon(body))
  }

  /// Calls `body` once, a duration from now, never early. Zero and less mean the next tick.
  @discardableResult
  public func schedule(after delay: Duration, _ body: @escaping () -> Void) -> Scheduled {
    schedule(at: bound.open("EventLoop.schedule").now + delay, body)
  }

  /// Calls `body` once, at an instant of this loop's clock, never early. The past means the next tick.
  @discardableResult
  public func schedule(at instant: Instant, _ body: consuming @escaping () -> Void) -> Scheduled {
    bound.check("EventLoop.schedule")
    let core = bound.unchecked
    let waiter = core.add(body)
    core.scheduleNew(waiter, at: instant)
    return Scheduled(core, waiter)
  }

  /// Calls `body` again and again, first one period from now.
  ///
  /// - Parameters:
  ///   - period: The time from call to call; more than zero.
  ///   - missed: What happens to calls whose time has passed while the loop was busy. Never are two
  ///     made in one tick.
  @discardableResult
  public func schedule(
    every period: Duration, missed: MissedTicks = .skip, _ body: @escaping () -> Void
  ) -> Scheduled {
    precondition(period > .zero, "A repeating callback needs a period of more than zero")
    let core = bound.open("EventLoop.schedule")
    let first = core.now + period
    let repetition = Callback.Repetition.every(
      period: period.nanosecondsRoundedUp, missed: missed, next: first.nanoseconds)
    let waiter = core.add(Callback(repetition, body))
    core.schedule(waiter, at: first)
    return Scheduled(core, waiter)
  }
}
