/// A limit on how many tasks do something at once for each key, such as connections to each host.
///
/// ```swift
/// let perHost = KeyedLimiter<String>(limit: 4)
/// let page = try await perHost.withPermit(for: address.host) { try await fetch(address) }
/// ```
///
/// Each key is a ``Semaphore`` with `limit` permits, first come, first served, that exists while a task holds one of
/// its permits or waits for one: a key that is not in use takes no memory.
///
/// All on the thread of the loop on which it was created; another thread traps.
public final class KeyedLimiter<Key: Hashable> {
  /// The permits of a key, and the number of tasks that hold one or have requested one.
  @usableFromInline
  struct Use {
    @usableFromInline let semaphore: Semaphore
    @usableFromInline var users = 0

    @inlinable
    init(limit: Int) {
      semaphore = Semaphore(limit: limit)
    }
  }

  /// The number of permits of each key.
  public let limit: Int
  @exclusivity(unchecked) @usableFromInline var uses: [Key: Use] = [:]
  private let bound: LoopBound<Void>

  /// Creates a limiter.
  ///
  /// - Parameter limit: The number of permits of each key; greater than zero.
  /// - Precondition: An event loop runs on this thread.
  public init(limit: Int) {
    precondition(limit > 0, "A keyed limiter needs a limit greater than zero")
    self.limit = limit
    bound = LoopBound((), LoopCore.current)
  }

  /// The number of keys that are in use.
  @inlinable public var keyCount: Int {
    check("KeyedLimiter.keyCount")
    return uses.count
  }

  /// The number of permits of a key that a task could take now, if no task waited for them.
  @inlinable
  public func available(for key: Key) -> Int {
    check("KeyedLimiter.available")
    return uses[key]?.semaphore.available ?? limit
  }

  /// Holds a permit of a key while `body` runs.
  ///
  /// - Returns: The value of `body`.
  /// - Throws: The error of `body`; `CancellationError` if the task is cancelled while it waits for the permit, and
  ///   then `body` is not called.
  @inlinable
  public func withPermit<Success>(for key: Key, _ body: () async throws -> Success) async throws -> Success {
    try await acquire(key)
    defer { release(key) }
    return try await body()
  }

  /// Takes a permit of a key, waiting until there is one and all that came earlier have theirs.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits; then it has taken none. If a permit is
  ///   free, a cancelled task gets it too.
  @inlinable
  public func acquire(_ key: Key) async throws {
    check("KeyedLimiter.acquire")
    let semaphore = enter(key)
    do {
      try await semaphore.acquire()
    } catch {
      leave(key)
      throw error
    }
  }

  /// Takes a permit of a key if one is free and no task waits for it.
  ///
  /// - Returns: Whether it was taken.
  @inlinable
  public func tryAcquire(_ key: Key) -> Bool {
    check("KeyedLimiter.tryAcquire")
    guard enter(key).tryAcquire() else {
      leave(key)
      return false
    }
    return true
  }

  /// Gives a permit of a key back, to the first task that waits for it.
  ///
  /// - Precondition: A permit of this key was taken.
  @inlinable
  public func release(_ key: Key) {
    check("KeyedLimiter.release")
    guard let use = uses[key] else { preconditionFailure("A permit of a key was released that was not taken") }
    use.semaphore.release()
    leave(key)
  }

  /// The permits of a key, with one more user.
  @inlinable
  func enter(_ key: Key) -> Semaphore {
    var use = uses[key] ?? Use(limit: limit)
    use.users += 1
    uses[key] = use
    return use.semaphore
  }

  /// A user of a key less; with the last one its permits go.
  @inlinable
  func leave(_ key: Key) {
    guard var use = uses[key] else { preconditionFailure("A key of a limiter was left twice") }
    use.users -= 1
    uses[key] = use.users > 0 ? use : nil
  }

  /// Traps on another thread than the loop's.
  @usableFromInline
  func check(_ what: StaticString) {
    bound.check(what)
  }
}

// SAFETY: everything that touches its state first compares the thread's loop with the limiter's; the last reference
// may go on any thread, and takes keys along that may too.
extension KeyedLimiter: @unchecked Sendable where Key: Sendable {}
