/// A callback that waits for its turn, and may be put off or taken back.
///
/// Dropping it changes nothing: the callback stays scheduled.
public struct Scheduled: Sendable {
  /// The loop's number: a copy of this value counts no reference.
  private let loop: UInt64
  private let waiter: Waiter

  @inline(__always)
  init(_ core: LoopCore, _ waiter: Waiter) {
    loop = core.number
    self.waiter = waiter
  }

  /// Takes the callback back: it is not called any more, unless it runs already.
  ///
  /// From any thread; on another than the loop's it takes effect when the loop hears of it. A second
  /// time, or after the last call, nothing happens.
  public func cancel() {
    if LoopCore.withCurrent(numbered: loop, { $0.withdraw(waiter) }) != nil { return }
    // Refused or gone means that the loop has ended, and then nothing is called any more.
    _ = LoopDirectory.inbox(of: loop)?.submit(.call { cancel() })
  }

  /// Moves the callback to another instant of the loop's clock; only that one counts from now on.
  ///
  /// It counts as created now: among equal deadlines it comes last. One that is ready and has not run
  /// yet waits again, for the new instant. In its own call it is called once more, at the soonest in the next
  /// tick. A repeating callback goes on from the new instant, period by period. The past means the next
  /// tick; with ``Instant/distantFuture`` it rests until it is moved again.
  ///
  /// - Returns: False if there is nothing left to move: it has been cancelled, or was called once and that
  ///   call is over, and then its memory has been given back. Schedule a new one instead.
  /// - Complexity: that of a new timer, without an allocation.
  @discardableResult
  public func reschedule(at instant: Instant) -> Bool {
    open { $0.reschedule(waiter, at: instant) }
  }

  /// Moves the callback to a duration from now; as ``reschedule(at:)``. Zero and less mean the next tick.
  @discardableResult
  public func reschedule(after delay: Duration) -> Bool {
    open { $0.reschedule(waiter, at: $0.now + delay) }
  }

  private func open(_ body: (LoopCore) -> Bool) -> Bool {
    guard let isMoved = LoopCore.withCurrent(numbered: loop, body) else { LoopCore.refuse("Scheduled.reschedule") }
    return isMoved
  }
}

/// The callback face: what needs no task.
///
/// On the loop's thread only, but for ``EventLoop/execute(_:)``, ``Scheduled/cancel()`` and
/// ``TaskHandle/cancel()``.
///
/// Callbacks and tasks share one order: ready work runs first in, first out; timers fire in order of
/// deadline and creation. A callback runs in the loop's own actor: ``LoopActor``, or `MainActor` on the loop that owns
/// the process. Code of another actor, or of none, traps here; an actor's code calls
/// ``spawn(name:isolation:file:line:_:)`` instead.
///
/// A callback runs outside of tasks: a `@TaskLocal` has its default value there, unlike a context variable in asyncio,
/// since to copy the values would cost each callback more than its creation. Read the value before, and capture it.
extension EventLoop {
  /// Traps unless the caller is isolated to the loop's own actor: a callback runs there, and in no other.
  @inline(__always)
  func check(_ what: StaticString, from isolation: (any Actor)?) {
    bound.check(what)
    EventLoop.requireActor(isolation, what)
    precondition(
      isOwn(isolation), "A callback would run outside of the actor whose code creates it: spawn a task there instead")
  }

  /// Whether an actor is this loop's: the main actor on the loop that owns the process, else its ``LoopActor``.
  func isOwn(_ isolation: (any Actor)?) -> Bool {
    guard let isolation else { return false }
    let own = bound.unchecked.ownsProcess ? EventLoop.mainActor : ObjectIdentifier(actor)
    return ObjectIdentifier(isolation) == own
  }

  /// Kept, since `MainActor.shared` calls into the runtime each time.
  private static let mainActor = ObjectIdentifier(MainActor.shared)

  /// Calls `body` soon: after all that is ready now.
  @discardableResult
  public func soon(
    isolation: isolated (any Actor)? = #isolation, _ body: @escaping () -> Void
  ) -> Scheduled {
    check("EventLoop.soon", from: isolation)
    let core = bound.unchecked
    return Scheduled(core, core.soon(body))
  }

  /// Calls `body` once, a duration from now, never early. Zero and less mean the next tick.
  @discardableResult
  public func schedule(
    after delay: Duration, isolation: isolated (any Actor)? = #isolation, _ body: @escaping () -> Void
  ) -> Scheduled {
    schedule(at: bound.open("EventLoop.schedule").now + delay, isolation: isolation, body)
  }

  /// Calls `body` once, at an instant of this loop's clock, never early. The past means the next tick.
  @discardableResult
  public func schedule(
    at instant: Instant, isolation: isolated (any Actor)? = #isolation, _ body: consuming @escaping () -> Void
  ) -> Scheduled {
    check("EventLoop.schedule", from: isolation)
    let core = bound.unchecked
    let waiter = core.add(body)
    core.scheduleNew(waiter, at: instant)
    return Scheduled(core, waiter)
  }

  /// Calls `body` again and again, first one period from now.
  ///
  /// - Parameters:
  ///   - period: The time from call to call; more than zero.
  ///   - missed: What happens to calls whose time has passed while the loop was busy; they are left out,
  ///     unless given. Never are two made in one tick.
  ///   - isolation: The caller's; the loop's own actor.
  ///   - body: What to call.
  @discardableResult
  public func schedule(
    every period: Duration, missed: MissedTicks = .skip, isolation: isolated (any Actor)? = #isolation,
    _ body: @escaping () -> Void
  ) -> Scheduled {
    precondition(period > .zero, "A repeating callback needs a period of more than zero")
    check("EventLoop.schedule", from: isolation)
    let core = bound.unchecked
    let first = core.now + period
    let repetition = Callback.Repetition.every(
      period: period.nanosecondsRoundedUp, missed: missed, next: first.nanoseconds)
    let waiter = core.add(Callback(repetition, body))
    core.schedule(waiter, at: first)
    return Scheduled(core, waiter)
  }
}
