import Synchronization

/// One call for a pool's thread, and the task that waits for it.
@usableFromInline
final class OffloadedCall: Sendable {
  /// How far it has come. Only the first step can go two ways: a thread takes it, or it is withdrawn.
  private enum Stage {
    static let queued = 0
    static let taken = 1
    static let withdrawn = 2
  }

  /// What became of it.
  enum Outcome {
    case none
    case returned(Any)
    case threw(any Error)
  }

  private let stage = Atomic(Stage.queued)
  // SAFETY: whoever wins the first step of the stage, a thread or the withdrawal, has these alone, until
  // the thread gives the call back to its loop.
  @exclusivity(unchecked) nonisolated(unsafe) private var work: (() throws -> Any)?
  @exclusivity(unchecked) nonisolated(unsafe) private var outcome = Outcome.none
  /// The call behind this one among those that come back.
  @exclusivity(unchecked) nonisolated(unsafe) var next: Unmanaged<OffloadedCall>?
  // SAFETY: only the loop's thread touches these.
  @exclusivity(unchecked) nonisolated(unsafe) private var waiter = Waiter.nobody
  @exclusivity(unchecked) nonisolated(unsafe) private var isBack = false

  /// Creates a call; if the running task has task-local values, `work` sees them.
  @usableFromInline
  init(_ work: @escaping @Sendable () throws -> Any) {
    self.work = RunningTask.hasLocalValues ? CallWithLocals(work).make : work
  }

  /// Has the call made, and waits until it is back; once.
  ///
  /// - Returns: What it returned.
  /// - Throws: Its error; `CancellationError` if it was withdrawn, and then it is never made.
  @usableFromInline
  nonisolated(nonsending) func value(from pool: ThreadPool) async throws -> Any {
    try await run(on: pool)
    switch takeOutcome() {
    case .returned(let value): return value
    case .threw(let error): throw error
    case .none: throw CancellationError()
    }
  }

  /// Has the call made, and waits until it is back.
  ///
  /// - Throws: `CancellationError` if it was withdrawn, and then it is never made.
  @inline(__always)
  private nonisolated(nonsending) func run(on pool: ThreadPool) async throws {
    let core = LoopCore.current
    // A virtual clock stands still as long as a thread is at work.
    core.holds += 1
    defer { core.holds -= 1 }
    let wake = await core.park(for: "offloaded call") { waiter in
      self.waiter = waiter
      OffloadDesk.of(core).submit(self, to: pool)
    }
    if wake == .cancelled { try await withdraw(core) }
    work = nil
  }

  /// Takes the call back; if a thread has it already, waits for its end.
  private nonisolated(nonsending) func withdraw(_ core: LoopCore) async throws {
    if step(to: Stage.withdrawn) {
      // The pool's queue still holds this object, but not what the call has captured.
      work = nil
      throw CancellationError()
    }
    while !isBack {
      _ = await core.parkThroughCancellation(for: "offloaded call") { waiter = $0 }
    }
  }

  /// Makes the call, on a pool's thread.
  ///
  /// - Returns: False if it has been withdrawn; then nobody waits for it.
  func make() -> Bool {
    guard step(to: Stage.taken), let work else { return false }
    do {
      outcome = .returned(try work())
    } catch {
      outcome = .threw(error)
    }
    return true
  }

  /// Hands its outcome out, once, when it has been made.
  private func takeOutcome() -> Outcome {
    var taken = Outcome.none
    swap(&taken, &outcome)
    return taken
  }

  /// Wakes who waits for it: the call is back on its loop, with its outcome.
  func arrive(_ core: LoopCore) {
    isBack = true
    core.wake(waiter, .ready)
  }

  /// Ends it without having it made: no thread can be started. Its task hears of it after what is ready now.
  func refuse(_ error: Errno, _ core: LoopCore) {
    guard step(to: Stage.taken) else { return }
    outcome = .threw(IOError(.startThread, error))
    isBack = true
    core.wakeSoon(waiter)
  }

  private func step(to new: Int) -> Bool {
    stage.compareExchange(expected: Stage.queued, desired: new, ordering: .acquiringAndReleasing).exchanged
  }
}
