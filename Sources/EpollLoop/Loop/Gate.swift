/// Where tasks of one loop wait until somebody opens: for the testing module, which has no other way in.
package final class Gate {
  private let core = LoopCore.current
  private let waiting: WaitQueue

  package init() {
    waiting = WaitQueue(core)
  }

  /// Waits until the next ``open()``.
  ///
  /// - Throws: `CancellationError` if the task is cancelled first.
  package func wait() async throws {
    if await core.park(for: "gate", { waiting.append($0) }) == .cancelled { throw CancellationError() }
  }

  /// Waits until the next ``open()``, or until an instant.
  ///
  /// - Throws: `CancellationError` if the task is cancelled first.
  package func wait(until deadline: Instant) async throws {
    let wake = await core.park(for: "gate") { waiter in
      waiting.append(waiter)
      core.schedule(waiter, at: deadline)
    }
    if wake == .cancelled { throw CancellationError() }
  }

  /// Wakes all who wait.
  package func open() {
    core.checkThread()
    waiting.wakeAll()
  }
}

extension EventLoop {
  /// Has a function hear of each jump of this loop's virtual clock, beginning with its start.
  package func observeVirtualClock(_ body: @escaping (Instant) -> Void) {
    bound.unchecked.clockMoved = body
    body(bound.unchecked.now)
  }
}
