/// A number of permits that tasks take and give back: bounds how many do something at once.
///
/// ```swift
/// let downloads = Semaphore(limit: 4)
/// let pages = try await gather(over: addresses) { address in
///   try await downloads.withPermit { try await download(address) }
/// }
/// ```
///
/// Strictly first come, first served: a request waits for those before it, also a small one behind one
/// for many permits. A permit that is given back while tasks wait belongs to the first of them from then
/// on: nobody overtakes it. There are two kinds. ``init(_:)`` makes one that counts: anyone may add
/// permits by releasing them, so that it may also announce things to those who wait. ``init(limit:)``
/// makes one that bounds: a release too many traps, and the limit may change while tasks wait.
///
/// All on the thread of the loop on which it was made; another thread traps. The object itself may be held
/// anywhere.
public final class Semaphore: Sendable {
  private let bound: LoopBound<Permits>

  /// Makes a semaphore that counts, with so many free permits and no limit to them.
  ///
  /// - Parameter permits: How many are free at first; zero or more.
  /// - Precondition: An event loop runs on this thread.
  public init(_ permits: Int) {
    precondition(permits >= 0, "A semaphore has zero permits or more")
    let core = LoopCore.current
    bound = LoopBound(Permits(core, free: permits, limit: nil), core)
  }

  /// Makes a semaphore that bounds: so many permits, all of them free, and never more.
  ///
  /// - Parameter limit: How many there are; zero or more.
  /// - Precondition: An event loop runs on this thread.
  public init(limit: Int) {
    precondition(limit >= 0, "A semaphore has zero permits or more")
    let core = LoopCore.current
    bound = LoopBound(Permits(core, free: limit, limit: limit), core)
  }

  /// How many permits a task could take now, if nobody waited.
  public var available: Int { max(0, bound.open("Semaphore.available").free) }

  /// How many permits there are, free and taken; nil if there is no limit.
  public var limit: Int? { bound.open("Semaphore.limit").limit }

  /// How many requests wait.
  ///
  /// - Complexity: O(n).
  public var waitingCount: Int { bound.open("Semaphore.waitingCount").waiting.count }

  /// Takes permits, waiting until they are free and all who came earlier have theirs.
  ///
  /// A request for more than the limit waits until the limit has grown, and all behind it wait as well.
  ///
  /// - Parameter count: How many, all at once; one or more.
  /// - Throws: `CancellationError` if the task is cancelled while it waits, and then it has taken none and
  ///   those behind it move up. If the permits are free, a cancelled task gets them too.
  /// - Complexity: no allocation for one permit, waiting or not.
  @inlinable
  public func acquire(_ count: Int = 1) async throws {
    if !acquireAtOnce(count) { try await acquireOrWait(count) }
  }

  /// Takes permits if they are free and nobody waits.
  ///
  /// - Parameter count: How many, all at once; one or more.
  /// - Returns: Whether it has taken them.
  public func tryAcquire(_ count: Int = 1) -> Bool {
    permits("Semaphore.tryAcquire", count).take(count)
  }

  /// Gives permits back, to the first who waits if it is enough for them.
  ///
  /// Those who are woken run later. Any task may do it, and any callback.
  ///
  /// - Parameter count: How many; one or more.
  /// - Precondition: A semaphore with a limit is given no more than were taken.
  public func release(_ count: Int = 1) {
    permits("Semaphore.release", count).give(count)
  }

  /// Takes a permit for as long as `body` runs.
  ///
  /// - Returns: The value of `body`.
  /// - Throws: The error of `body`; `CancellationError` if the task is cancelled while it waits for the
  ///   permit, and then `body` is not called.
  @inlinable
  public func withPermit<Success>(_ body: () async throws -> Success) async throws -> Success {
    try await withPermits(1, body)
  }

  /// Takes several permits at once for as long as `body` runs; as ``withPermit(_:)``.
  ///
  /// - Parameters:
  ///   - count: How many; one or more.
  ///   - body: What to do with them.
  @inlinable
  public func withPermits<Success>(_ count: Int, _ body: () async throws -> Success) async throws -> Success {
    try await acquire(count)
    defer { release(count) }
    return try await body()
  }

  /// Changes how many permits there are.
  ///
  /// More are free at once, for those who wait first of all. Fewer leave with the next that are given
  /// back: nothing is taken from a task that has one.
  ///
  /// - Parameter limit: How many there are from now on; zero or more.
  /// - Precondition: The semaphore was made with a limit.
  public func resize(to limit: Int) {
    precondition(limit >= 0, "A semaphore has zero permits or more")
    bound.open("Semaphore.resize").resize(to: limit)
  }

  /// Takes permits if nothing speaks against it: they are free, nobody waits, no need to give way.
  @usableFromInline
  func acquireAtOnce(_ count: Int) -> Bool {
    let permits = permits("Semaphore.acquire", count)
    guard permits.core.hasBudget, permits.take(count) else { return false }
    _ = permits.core.spend()
    return true
  }

  /// Takes permits in all other cases.
  @usableFromInline
  func acquireOrWait(_ count: Int) async throws {
    let permits = bound.unchecked
    guard permits.take(count) else { return try await permits.wait(for: count) }
    if permits.core.spend() { await permits.core.giveWay() }
  }

  /// The permits, for an operation on so many of them.
  @inline(__always)
  private func permits(_ operation: StaticString, _ count: Int) -> Permits {
    bound.check(operation)
    precondition(count > 0, "A semaphore gives and takes one permit or more")
    return bound.unchecked
  }
}
