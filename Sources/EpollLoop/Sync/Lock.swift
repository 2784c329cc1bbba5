/// A lock between tasks: one of them has it, over its waits too.
///
/// On one loop nothing else runs between two waits, so what does not wait needs no lock. This one is for
/// what must stay whole while the task that changes it waits:
///
/// ```swift
/// let lock = Lock()
/// try await lock.withLock {
///   let balance = try await account.read()
///   try await account.write(balance + 1)
/// }
/// ```
///
/// Strictly first come, first served, from hand to hand: a lock that is given up while tasks wait belongs
/// to the first of them from then on. It is not recursive.
///
/// All on the thread of the loop on which it was made; another thread traps. The object itself may be held
/// anywhere.
public final class Lock: Sendable {
  let bound: LoopBound<LockState>

  /// Makes a lock that nobody has.
  ///
  /// - Precondition: An event loop runs on this thread.
  public init() {
    let core = LoopCore.current
    bound = LoopBound(LockState(core), core)
  }

  /// Whether a task has it.
  public var isLocked: Bool { bound.open("Lock.isLocked").isLocked }

  /// Takes the lock for as long as `body` runs, waiting until it is free and all who came earlier have had it.
  ///
  /// - Returns: The value of `body`.
  /// - Throws: The error of `body`; `CancellationError` if the task is cancelled while it waits for the
  ///   lock, and then `body` is not called.
  /// - Precondition: The task does not hold the lock by another `withLock`.
  @inlinable
  public func withLock<Success>(_ body: () async throws -> Success) async throws -> Success {
    try await lock()
    noteOwner()
    defer { unlock() }
    return try await body()
  }

  /// Takes the lock, waiting until it is free and all who came earlier have had it.
  ///
  /// Prefer ``withLock(_:)``, which cannot forget to give it up, and which knows its owner.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits, and then it does not have the
  ///   lock. If it is free, a cancelled task gets it too.
  /// - Precondition: The task does not hold the lock by ``withLock(_:)``.
  @inlinable
  public func lock() async throws {
    if !lockAtOnce() { try await lockOrWait() }
  }

  /// Takes the lock if it is free.
  ///
  /// - Returns: Whether it has taken it.
  public func tryLock() -> Bool { bound.open("Lock.tryLock").take() }

  /// Gives the lock up, to the first who waits.
  ///
  /// Another task may do it than the one that took it: `withTimeout` takes it in a task of its own.
  ///
  /// - Precondition: It is locked.
  public func unlock() {
    bound.check("Lock.unlock")
    _ = bound.unchecked.giveUp()
  }

  /// Takes the lock if nothing speaks against it: it is free, no need to give way.
  @usableFromInline
  func lockAtOnce() -> Bool {
    bound.check("Lock.lock")
    guard bound.core.hasBudget, bound.unchecked.take() else { return false }
    _ = bound.core.spend()
    return true
  }

  /// Takes the lock in all other cases.
  @usableFromInline
  func lockOrWait() async throws {
    guard bound.unchecked.take() else { return try await bound.unchecked.wait() }
    if bound.core.spend() { await bound.core.giveWay() }
  }

  /// Says that the running task holds the lock until it is given up.
  @usableFromInline
  func noteOwner() {
    bound.unchecked.owner = RunningTask.address
  }
}

/// What stands behind a ``Lock``.
final class LockState {
  private let core: LoopCore
  /// Whether it is taken, or handed over to a task that has not run since.
  @exclusivity(unchecked) private(set) var isLocked = false
  /// The task that holds it by `withLock`; 0 if it is not known.
  ///
  /// It is inside that call, so that no other task has its address.
  @exclusivity(unchecked) var owner: UInt = 0
  @exclusivity(unchecked) private var waiting: LazyWaitQueue

  init(_ core: LoopCore) {
    self.core = core
    waiting = LazyWaitQueue(core)
  }

  /// Takes the lock if it is free; then nobody waits.
  @inline(__always)
  func take() -> Bool {
    if isLocked { return false }
    isLocked = true
    return true
  }

  /// Waits for the lock, behind all who wait already.
  nonisolated(nonsending) func wait() async throws {
    precondition(
      owner == 0 || owner != RunningTask.address,
      "A task that holds a lock takes it again: it would wait for itself forever")
    let wake = await core.park(for: "a lock") { waiting.append($0) }
    if wake == .cancelled { throw CancellationError() }
  }

  /// Takes the lock back after ``giveUp()``, whatever happens to the waiting task.
  nonisolated(nonsending) func takeBack(_ owner: UInt) async {
    if !take() { _ = await core.parkThroughCancellation(for: "a condition's lock") { waiting.append($0) } }
    self.owner = owner
  }

  /// Hands the lock to the first who waits.
  ///
  /// - Returns: The owner that was noted.
  @inline(__always)
  func giveUp() -> UInt {
    precondition(isLocked, "A lock was unlocked that nobody holds")
    let owner = owner
    self.owner = 0
    if !waiting.wakeFirst() { isLocked = false }
    return owner
  }
}
