import Synchronization

/// What a ``Promise`` and its ``Future`` share: the outcome, which of several counts, and the tasks that await it.
///
/// It is not generic, and its value has no static type: a generic object looks its types up in the runtime's tables
/// when it is freed. The first waiter needs no queue, and so no allocation: most promises have one.
@usableFromInline
final class PromiseState {
  /// What has arrived at the loop's thread.
  @usableFromInline
  enum Outcome {
    case none
    case succeeded
    case failed(any Error)
  }

  private let core = LoopCore.current
  private let claimed = Atomic(false)
  @exclusivity(unchecked) @usableFromInline private(set) var outcome = Outcome.none
  /// The value, if it has one.
  @exclusivity(unchecked) @usableFromInline var kept = UntypedStorage()
  /// Whether the outcome was seen: an error that is not is reported.
  @exclusivity(unchecked) private var isObserved = false
  /// The waiter that came before all in the queue; a stale one once it has left.
  @exclusivity(unchecked) private var first = Waiter.nobody
  @exclusivity(unchecked) private var others: WaitQueue?

  @usableFromInline
  init() {}

  deinit {
    guard !isObserved, case .failed(let error) = outcome, !(error is BrokenPromiseError), !isCancellation(error) else {
      return
    }
    UnhandledErrors.report(error, of: "a promise")
  }

  /// Traps on another thread than the loop's.
  @usableFromInline
  func check(_ what: StaticString) {
    core.check(what)
  }

  /// Whether an outcome was claimed, on any thread.
  var isClaimed: Bool { claimed.load(ordering: .acquiring) }

  /// Whether an outcome has arrived.
  @usableFromInline
  var hasArrived: Bool {
    if case .none = outcome { false } else { true }
  }

  // MARK: set, on any thread

  /// Claims the outcome, on any thread.
  ///
  /// - Returns: True for one caller, whose outcome counts.
  @usableFromInline
  func claim() -> Bool {
    !isClaimed && claimed.compareExchange(expected: false, desired: true, ordering: .acquiringAndReleasing).exchanged
  }

  /// Succeeds, on any thread; once, after ``claim()``.
  @inlinable
  func succeed<Success>(_ value: Success) {
    if isOnLoop {
      keep(value)
      arrive(.succeeded)
    } else {
      carry {
        self.keep(value)
        self.arrive(.succeeded)
      }
    }
  }

  /// Fails, on any thread; once, after ``claim()``.
  @usableFromInline
  func fail(_ error: any Error) {
    if isOnLoop { arrive(.failed(error)) } else { carry { self.arrive(.failed(error)) } }
  }

  /// Whether this is the loop's thread.
  @usableFromInline
  var isOnLoop: Bool { core.isCurrent }

  /// Calls a function on the loop's thread as soon as it can, or here and now if no run is under way.
  @usableFromInline
  func carry(_ body: @escaping () -> Void) {
    let carried = LoopBound(body, core)
    core.inbox.perform { carried.unchecked() }
  }

  /// Stores the value, on the loop's thread.
  @inlinable
  func keep<Success>(_ value: Success) { kept.keep(value) }

  /// Stores the outcome and wakes all waiters in FIFO order, on the loop's thread.
  @usableFromInline
  func arrive(_ outcome: Outcome) {
    self.outcome = outcome
    core.wake(first, .ready)
    others?.wakeAll()
  }

  // MARK: wait, on the loop's thread

  /// Waits until the outcome has arrived.
  ///
  /// - Throws: The error of a failed promise; `CancellationError` if the task is cancelled first.
  @usableFromInline
  nonisolated(nonsending) func wait() async throws {
    check("Future.value")
    if hasArrived {
      if core.spend() { await core.giveWay() }
    } else if await core.park(for: "a promise", { append($0) }) == .cancelled {
      throw CancellationError()
    }
    try throwFailure()
  }

  /// Throws the error of a failed promise; the caller sees the outcome.
  @usableFromInline
  func throwFailure() throws {
    isObserved = true
    if case .failed(let error) = outcome { throw error }
  }

  /// The value, which has arrived.
  @inlinable
  func value<Success>(as type: Success.Type) -> Success { kept.value(as: type) }

  @inline(__always)
  private func append(_ waiter: Waiter) {
    if others?.isEmpty ?? true, core.waiters.waitingSlot(first) == nil {
      first = waiter
    } else {
      let queue = others ?? WaitQueue(core)
      others = queue
      queue.append(waiter)
    }
  }
}
