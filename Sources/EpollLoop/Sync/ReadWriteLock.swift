/// A lock between tasks that any number of readers hold at once, or one writer alone, over their waits too.
///
/// ```swift
/// let lock = ReadWriteLock()
/// let row = try await lock.withReadLock { try await table.find(key) }
/// try await lock.withWriteLock { try await table.rebuild() }
/// ```
///
/// Requests are served in FIFO order: a writer that waits holds up the readers behind it, so that a stream of
/// readers does not starve writers, nor the other way round. Readers next to each other in the queue get it
/// together. It is handed off: a lock that is given up while tasks wait belongs to the first of them from then on.
/// It is not recursive; a reader that asks for it again waits for a writer in between, which waits for the reader.
/// It cannot be upgraded or downgraded.
///
/// All on the thread of the loop on which it was created; another thread traps. The object itself may be held
/// anywhere.
public final class ReadWriteLock: Sendable {
  /// A reader takes one permit, a writer all.
  private static let permitCount = 1 << 30

  private let bound: LoopBound<Permits>

  /// Creates a lock that is free.
  ///
  /// - Precondition: An event loop runs on this thread.
  public init() {
    let core = LoopCore.current
    bound = LoopBound(Permits(core, free: ReadWriteLock.permitCount, limit: ReadWriteLock.permitCount), core)
  }

  /// The number of readers that hold it.
  public var readerCount: Int {
    let free = bound.open("ReadWriteLock.readerCount").free
    return free == 0 ? 0 : ReadWriteLock.permitCount - free
  }

  /// Whether a writer holds it.
  public var isWriteLocked: Bool { bound.open("ReadWriteLock.isWriteLocked").free == 0 }

  /// The number of tasks that wait.
  ///
  /// - Complexity: O(n).
  public var waitingCount: Int { bound.open("ReadWriteLock.waitingCount").waiting.count }

  /// Holds the lock for reading while `body` runs, waiting until writers that came earlier have had it.
  ///
  /// - Returns: The value of `body`.
  /// - Throws: The error of `body`; `CancellationError` if the task is cancelled while it waits for the lock, and
  ///   then `body` is not called.
  @inlinable
  public func withReadLock<Success>(_ body: () async throws -> Success) async throws -> Success {
    try await lockRead()
    defer { unlockRead() }
    return try await body()
  }

  /// Holds the lock for writing while `body` runs, waiting until all that came earlier have had it.
  ///
  /// - Returns: The value of `body`.
  /// - Throws: As ``withReadLock(_:)``.
  @inlinable
  public func withWriteLock<Success>(_ body: () async throws -> Success) async throws -> Success {
    try await lockWrite()
    defer { unlockWrite() }
    return try await body()
  }

  /// Takes the lock for reading; prefer ``withReadLock(_:)``, which always gives it up.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits, and then it does not hold the lock, and
  ///   those behind it move up. If the lock is free for it, a cancelled task gets it too.
  /// - Complexity: no allocation, waiting or not.
  @inlinable
  public func lockRead() async throws {
    if !lockAtOnce(1) { try await lockOrWait(1) }
  }

  /// Takes the lock for writing; prefer ``withWriteLock(_:)``, which always gives it up. Otherwise as ``lockRead()``.
  @inlinable
  public func lockWrite() async throws {
    if !lockAtOnce(ReadWriteLock.all) { try await lockOrWait(ReadWriteLock.all) }
  }

  /// Takes the lock for reading if no writer holds it and no task waits.
  ///
  /// - Returns: Whether it was taken.
  public func tryLockRead() -> Bool { bound.open("ReadWriteLock.tryLockRead").take(1) }

  /// Takes the lock for writing if it is free.
  ///
  /// - Returns: Whether it was taken.
  public func tryLockWrite() -> Bool { bound.open("ReadWriteLock.tryLockWrite").take(ReadWriteLock.permitCount) }

  /// Gives up the lock of a reader. Another task may do it than the one that took it.
  ///
  /// - Precondition: A reader holds it.
  public func unlockRead() {
    bound.check("ReadWriteLock.unlockRead")
    let free = bound.unchecked.free
    precondition(free > 0 && free < ReadWriteLock.permitCount, "unlockRead needs a reader that holds the lock")
    bound.unchecked.give(1)
  }

  /// Gives up the lock of the writer. Another task may do it than the one that took it.
  ///
  /// - Precondition: A writer holds it.
  public func unlockWrite() {
    bound.check("ReadWriteLock.unlockWrite")
    precondition(bound.unchecked.free == 0, "unlockWrite needs a writer that holds the lock")
    bound.unchecked.give(ReadWriteLock.permitCount)
  }

  /// What a writer takes.
  @usableFromInline static var all: Int { permitCount }

  /// Takes the lock if it is free for this request, no task waits, and the running job has budget left.
  @usableFromInline
  func lockAtOnce(_ count: Int) -> Bool {
    bound.check("ReadWriteLock.lock")
    guard bound.core.hasBudget, bound.unchecked.take(count) else { return false }
    _ = bound.core.spend()
    return true
  }

  /// Takes the lock in all other cases.
  @usableFromInline
  func lockOrWait(_ count: Int) async throws {
    let permits = bound.unchecked
    guard permits.take(count) else { return try await permits.wait(for: count, as: "a read-write lock") }
    if permits.core.spend() { await permits.core.giveWay() }
  }
}
