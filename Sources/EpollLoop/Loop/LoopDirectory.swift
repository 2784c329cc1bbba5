import Synchronization

/// The loops that exist, by number: how a small value names its loop without holding it.
///
/// A reference to the loop would be counted, up and down, each time such a value is copied.
enum LoopDirectory {
  private static let lock = ThreadLock()
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private static var inboxes: [UInt64: Inbox] = [:]
  nonisolated(unsafe) private static var lastNumber: UInt64 = 0

  /// Enters a loop, under a number that no other loop of the process ever has.
  static func enter(_ inbox: Inbox) -> UInt64 {
    lock.locked {
      lastNumber += 1
      inboxes[lastNumber] = inbox
      return lastNumber
    }
  }

  /// Takes out a loop that goes away.
  static func leave(_ number: UInt64) {
    // The loop still holds its inbox: nothing ends under the lock.
    lock.locked { inboxes[number] = nil }
  }

  /// The inbox of a loop; nil if the loop is gone. From any thread.
  static func inbox(of number: UInt64) -> Inbox? {
    lock.locked { inboxes[number] }
  }
}
