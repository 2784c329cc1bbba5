/// A ``WaitQueue`` that is made when somebody first waits: until then it costs nothing.
struct LazyWaitQueue {
  private let core: LoopCore
  private var queue: WaitQueue?

  init(_ core: LoopCore) {
    self.core = core
  }

  /// Whether nobody waits.
  @inline(__always)
  var isEmpty: Bool { queue?.isEmpty ?? true }

  /// The slot of the one that has waited longest; nil if nobody waits.
  @inline(__always)
  var first: UInt32? { queue?.first }

  /// How many wait.
  ///
  /// - Complexity: O(n).
  var count: Int { queue?.count ?? 0 }

  /// Puts a waiter last.
  @inline(__always)
  mutating func append(_ waiter: Waiter) {
    if let queue { return queue.append(waiter) }
    let queue = WaitQueue(core)
    self.queue = queue
    queue.append(waiter)
  }

  /// Wakes the one that has waited longest.
  ///
  /// - Returns: False if nobody waits.
  @discardableResult
  @inline(__always)
  func wakeFirst() -> Bool { queue?.wakeFirst() ?? false }

  /// Wakes all, in their order.
  func wakeAll(_ wake: Wake = .ready) {
    queue?.wakeAll(wake)
  }
}
