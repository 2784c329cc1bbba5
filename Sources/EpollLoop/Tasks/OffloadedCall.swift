import Synchronization

/// How far it has come. Only the first step can go two ways: a thread takes it, or it is withdrawn.
private enum Stage {
  static let queued = 0
  static let running = 1
  static let done = 2
  static let withdrawn = 3
}

/// One call on a pool's thread, and the task that waits for it.
final class OffloadedCall<Success: Sendable>: Sendable {
  // SAFETY: whoever wins the first step of the stage, the thread or the withdrawal, has it alone.
  nonisolated(unsafe) private var work: (@Sendable () throws -> Success)?
  private let stage = Atomic(Stage.queued)
  /// Whom to wake: a ``Waiter``, packed.
  private let waiter = Atomic<UInt64>(0)
  // SAFETY: written by the thread before `done`, read by the loop after it.
  nonisolated(unsafe) private var outcome: Result<Success, any Error>?

  init(_ work: @escaping @Sendable () throws -> Success) {
    self.work = work
  }

  /// Has the call made, and waits for its result.
  nonisolated(nonsending) func result(on pool: ThreadPool) async throws -> Success {
    let core = LoopCore.current
    // A virtual clock stands still as long as a thread is at work.
    core.holds += 1
    defer { core.holds -= 1 }
    let inbox = core.inbox
    var refusal: Errno?
    let wake = await core.park(for: "offloaded call") { waiter in
      self.waiter.store(waiter.packed, ordering: .sequentiallyConsistent)
      do throws(Errno) {
        try pool.submit { self.make(inbox) }
      } catch {
        refusal = error
        core.wakeSoon(waiter)
      }
    }
    if let refusal { throw IOError(.startThread, refusal) }
    if wake == .cancelled { try await withdraw(core) }
    guard let outcome else { throw CancellationError() }
    return try outcome.get()
  }

  /// Takes the call back; if it runs already, waits for its end.
  private nonisolated(nonsending) func withdraw(_ core: LoopCore) async throws {
    let (isWithdrawn, _) = stage.compareExchange(
      expected: Stage.queued, desired: Stage.withdrawn, ordering: .sequentiallyConsistent)
    if isWithdrawn {
      // The pool's queue still holds this object, but not what the call has captured.
      work = nil
      throw CancellationError()
    }
    while stage.load(ordering: .sequentiallyConsistent) != Stage.done {
      _ = await core.parkThroughCancellation(for: "offloaded call") { waiter in
        self.waiter.store(waiter.packed, ordering: .sequentiallyConsistent)
        // Either the thread sees this waiter, or it was done before, and this sees that.
        if stage.load(ordering: .sequentiallyConsistent) == Stage.done { core.wakeSoon(waiter) }
      }
    }
  }

  /// Makes the call, on a pool's thread.
  private func make(_ inbox: Inbox) {
    let (isTaken, _) = stage.compareExchange(
      expected: Stage.queued, desired: Stage.running, ordering: .sequentiallyConsistent)
    guard isTaken, let work else { return }
    outcome = Result { try work() }
    self.work = nil
    stage.store(Stage.done, ordering: .sequentiallyConsistent)
    let waiter = Waiter(packed: waiter.load(ordering: .sequentiallyConsistent))
    // A loop whose run has ended has nobody left to wake.
    _ = inbox.submit(.wake(waiter, .ready))
  }
}

extension Waiter {
  fileprivate var packed: UInt64 { UInt64(generation) << 32 | UInt64(slot) }

  fileprivate init(packed: UInt64) {
    self.init(slot: UInt32(truncatingIfNeeded: packed), generation: UInt32(truncatingIfNeeded: packed >> 32))
  }
}
