/// A place where tasks that hold a lock wait for what the lock protects to change.
///
/// ```swift
/// let condition = Condition()
/// // The one task:
/// try await condition.withLock {
///   try await condition.wait { !orders.isEmpty }
///   try await ship(orders.removeFirst())
/// }
/// // The other:
/// try await condition.withLock {
///   orders.append(try await nextOrder())
///   condition.notify()
/// }
/// ```
///
/// Between the notification and the return of `wait` other tasks may take the lock: what a task has
/// waited for must be looked at again, as ``wait(until:)`` does.
///
/// All on the thread of the loop on which it was made; another thread traps. The object itself may be held
/// anywhere.
public final class Condition: Sendable {
  private final class State {
    var waiting: LazyWaitQueue

    init(_ core: LoopCore) {
      waiting = LazyWaitQueue(core)
    }
  }

  /// The lock, which other conditions may share.
  public let lock: Lock
  private let bound: LoopBound<State>

  /// Makes a condition.
  ///
  /// - Parameter lock: What protects the state; a lock of its own, unless given.
  /// - Precondition: An event loop runs on this thread.
  public init(_ lock: Lock = Lock()) {
    self.lock = lock
    let core = lock.bound.core
    bound = LoopBound(State(core), core)
  }

  /// How many tasks wait for a notification.
  ///
  /// - Complexity: O(n).
  public var waitingCount: Int { bound.open("Condition.waitingCount").waiting.count }

  /// Takes the lock for as long as `body` runs; as ``Lock/withLock(_:)``.
  @inlinable
  public func withLock<Success>(_ body: () async throws -> Success) async throws -> Success {
    try await lock.withLock(body)
  }

  /// Gives the lock up, waits for a notification, and takes the lock back.
  ///
  /// Whether it returns or throws, the lock is held afterwards as it was before: a task that is cancelled,
  /// by a timeout too, first waits for the lock, and does not give up on that.
  ///
  /// - Throws: `CancellationError` if the task is cancelled before it has the lock back. If it was
  ///   notified before that, the next task that waits is notified instead.
  /// - Precondition: The lock is held.
  public func wait() async throws {
    let state = state(for: "Condition.wait")
    let lock = lock.bound.unchecked
    var owner: UInt?
    let wake = await bound.core.park(for: "a condition") {
      state.waiting.append($0)
      owner = lock.giveUp()
    }
    // It was cancelled before, and still has the lock.
    guard let owner else { throw CancellationError() }
    await lock.takeBack(owner)
    guard RunningTask.look().isCancelled else { return }
    if wake == .ready { state.waiting.wakeFirst() }
    throw CancellationError()
  }

  /// Waits until a condition is true: looks, and looks again after each notification.
  ///
  /// - Parameter predicate: The condition; called with the lock held.
  /// - Throws: The error of `predicate`; `CancellationError` as ``wait()``.
  /// - Precondition: The lock is held.
  public func wait(until predicate: () throws -> Bool) async throws {
    while try !predicate() { try await wait() }
  }

  /// Notifies those who have waited longest.
  ///
  /// They go on when they have the lock, one after the other. If fewer wait, the rest is forgotten.
  ///
  /// - Parameter count: How many; zero or more.
  /// - Precondition: The lock is held.
  public func notify(_ count: Int = 1) {
    precondition(count >= 0, "A condition notifies zero tasks or more")
    let waiting = state(for: "Condition.notify").waiting
    var left = count
    while left > 0, waiting.wakeFirst() { left -= 1 }
  }

  /// Notifies all who wait; as ``notify(_:)``.
  ///
  /// - Precondition: The lock is held.
  public func notifyAll() {
    state(for: "Condition.notifyAll").waiting.wakeAll()
  }

  /// The state, for an operation that needs the lock.
  private func state(for operation: StaticString) -> State {
    let state = bound.open(operation)
    precondition(
      lock.bound.unchecked.isLocked,
      "A condition is waited for and notified with its lock held: do it inside withLock")
    return state
  }
}
