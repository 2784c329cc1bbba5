/// Waiters in the order in which they came: what every primitive waits in.
///
/// It costs one slot of the loop's waiter table. A waiter that is cancelled or timed out leaves it
/// at once, from wherever it stands.
final class WaitQueue {
  private let core: LoopCore
  private let sentinel: UInt32

  init(_ core: LoopCore) {
    self.core = core
    sentinel = core.waiters.take(.sentinel, subject: 0, record: 0).slot
  }

  deinit {
    core.release(sentinel: sentinel)
  }

  /// Whether nobody waits.
  @inline(__always)
  var isEmpty: Bool { core.waiters.slots[Int(sentinel)].next == sentinel }

  /// The slot of the one that has waited longest; nil if nobody waits.
  @inline(__always)
  var first: UInt32? {
    let first = core.waiters.slots[Int(sentinel)].next
    return first == sentinel ? nil : first
  }

  /// How many wait.
  ///
  /// - Complexity: O(n), since a waiter that leaves tells nobody.
  var count: Int {
    var count = 0
    var next = core.waiters.slots[Int(sentinel)].next
    while next != sentinel {
      count += 1
      next = core.waiters.slots[Int(next)].next
    }
    return count
  }

  /// Puts a waiter last.
  @inline(__always)
  func append(_ waiter: Waiter) {
    core.waiters.link(waiter.slot, before: sentinel)
  }

  /// Wakes the one that has waited longest.
  ///
  /// - Returns: False if nobody waits.
  @discardableResult
  @inline(__always)
  func wakeFirst(_ wake: Wake = .ready) -> Bool {
    guard let first else { return false }
    core.wake(slot: first, wake)
    return true
  }

  /// Wakes all, in their order.
  func wakeAll(_ wake: Wake = .ready) {
    while wakeFirst(wake) {}
  }
}
