/// Where tasks of one loop wait until it is opened: for the testing module, which has no other way in.
///
/// Only ``check(_:)`` and the waits look at the thread: the others are for callers that have checked, or for
/// ``perform(_:)``.
package final class Gate {
  /// Why a wait has ended.
  package enum Opening {
    case opened
    case closed
    case timedOut
  }

  private let core = LoopCore.current
  private let waiting: WaitQueue

  package init() {
    waiting = WaitQueue(core)
  }

  /// Waits until the next opening or closing, or until an instant.
  ///
  /// - Parameter what: What the task waits for, for a list of tasks.
  /// - Throws: `CancellationError` if the task is cancelled first.
  @discardableResult
  package func wait(for what: StaticString, until deadline: Instant? = nil) async throws -> Opening {
    let wake = await core.park(for: what) { waiter in
      waiting.append(waiter)
      if let deadline { core.schedule(waiter, at: deadline) }
    }
    switch wake {
    case .ready: return .opened
    case .closed: return .closed
    case .timedOut: return .timedOut
    case .cancelled: throw CancellationError()
    }
  }

  /// Wakes all waiters.
  package func open() { waiting.wakeAll() }

  /// Wakes the first waiter.
  ///
  /// - Returns: False if there is none.
  package func openFirst() -> Bool { waiting.wakeFirst() }

  /// Wakes all waiters with ``Opening/closed``.
  package func close() { waiting.wakeAll(.closed) }

  /// The time on the loop's clock.
  package var now: Instant { core.now }

  /// Traps on another thread than the loop's.
  ///
  /// - Parameter what: What the caller is about to do, for the message.
  package func check(_ what: StaticString) {
    if !core.isCurrent { LoopCore.refuse(what) }
  }

  /// Spends one operation of the running job's budget, and gives way to others if it is used up.
  package func checkpoint() async {
    if core.spend() { await core.giveWay() }
  }

  /// Does something to what the gate belongs to, from any thread: here on the loop's thread, else on that thread, or
  /// here if no run is under way. Not at all once the loop is gone.
  ///
  /// - Parameter body: What to do. It calls no user code and submits nothing.
  package func perform(_ body: @escaping @Sendable () -> Void) {
    if core.isCurrent { return body() }
    core.inbox.perform(body)
  }
}

extension EventLoop {
  /// Has a function hear of each jump of this loop's virtual clock, beginning with its start.
  package func observeVirtualClock(_ body: @escaping (Instant) -> Void) {
    bound.unchecked.clockMoved = body
    body(bound.unchecked.now)
  }
}
