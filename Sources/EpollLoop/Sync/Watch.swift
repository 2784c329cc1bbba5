/// A value of which tasks on one loop want to know the latest state, and not each step on the way.
///
/// ```swift
/// let level = Watch(0)
/// spawn { for try await value in level { show(value) } }     // 0, then what it is set to
/// level.value = 7
/// ```
///
/// Each watcher gets the present value first, and from then on the newest one whenever there is one that
/// it has not got. What was set meanwhile and is no longer the value is skipped.
///
/// All on the thread of the loop on which it was made; another thread traps.
public final class Watch<Value> {
  @usableFromInline var current: Value
  /// How often the value was set.
  @usableFromInline var version = 0
  @usableFromInline private(set) var hasClosed = false
  @usableFromInline let waiting = WaitLine()

  /// Makes a watch for the loop that runs on this thread.
  ///
  /// - Parameter value: What it holds at first.
  /// - Precondition: An event loop runs on this thread.
  public init(_ value: Value) {
    current = value
  }

  /// The latest value. To set it, if only to what it was, wakes all who wait for a change.
  ///
  /// - Precondition: It is not set after ``close()``.
  @inlinable public var value: Value {
    get {
      waiting.check("Watch.value")
      return current
    }
    set {
      waiting.check("Watch.value")
      precondition(!hasClosed, "A watch that was closed keeps its value")
      let old = current
      current = newValue
      version &+= 1
      waiting.wakeAll()
      // Not before: it may end with it, and use or set the value.
      withExtendedLifetime(old) {}
    }
  }

  /// Waits until the value is set the next time, and returns the latest.
  ///
  /// Only what is set from this call on counts. To miss nothing between two waits, use a ``Watcher``.
  ///
  /// - Returns: Nil if the watch is closed before.
  /// - Throws: `CancellationError` if the task is cancelled while it waits.
  @inlinable
  public func changed() async throws -> Value? {
    waiting.check("Watch.changed")
    guard !hasClosed, try await waiting.wait(for: "a change of a value") else { return nil }
    return current
  }

  /// Ends it: watchers get the latest value, if they have not got it, and then their loops end.
  ///
  /// The value stays. A second call does nothing.
  public func close() {
    waiting.check("Watch.close")
    hasClosed = true
    waiting.closeAll()
  }

  /// Whether it was closed.
  public var isClosed: Bool {
    waiting.check("Watch.isClosed")
    return hasClosed
  }
}

extension Watch: AsyncSequence {
  /// What the sequence is of.
  public typealias Element = Value

  /// One who watches, and remembers which value it has got; a copy remembers for itself.
  public struct Watcher: AsyncIteratorProtocol {
    /// The version that it has got last; -1 for none.
    @usableFromInline var seen = -1
    @usableFromInline let watch: Watch

    @inlinable
    init(_ watch: Watch) {
      self.watch = watch
    }

    /// Whether ``next()`` returns a value without waiting.
    @inlinable public var hasNext: Bool {
      watch.waiting.check("Watch.Watcher.hasNext")
      return seen != watch.version
    }

    /// Gets the latest value, and waits while it is the one that it got last.
    ///
    /// - Returns: Nil once the watch was closed and its last value has been got.
    /// - Throws: `CancellationError` if the task is cancelled while it waits.
    @inlinable
    public mutating func next() async throws -> Value? {
      try await next(isolation: #isolation)
    }

    /// Gets the latest value; as ``next()``.
    @inlinable
    public mutating func next(isolation: isolated (any Actor)?) async throws -> Value? {
      watch.waiting.check("Watch.Watcher.next")
      if seen != watch.version {
        if watch.waiting.spend() { await watch.waiting.giveWay() }
      } else if !watch.hasClosed {
        _ = try await watch.waiting.wait(for: "a change of a value")
      }
      guard seen != watch.version else { return nil }
      seen = watch.version
      return watch.current
    }
  }

  /// Begins to watch, with the present value as the first.
  @inlinable
  public func makeAsyncIterator() -> Watcher {
    Watcher(self)
  }

  /// Begins to watch; outside of a loop.
  ///
  /// - Parameter skippingPresent: Whether the present value counts as got.
  @inlinable
  public func watcher(skippingPresent: Bool = false) -> Watcher {
    waiting.check("Watch.watcher")
    var watcher = Watcher(self)
    if skippingPresent { watcher.seen = version }
    return watcher
  }
}

// SAFETY: everything that touches its state first compares the thread's loop with the watch's; the last
// reference may go on any thread, and takes a value along that may too.
extension Watch: @unchecked Sendable where Value: Sendable {}
