/// Sends each item to all who have subscribed, on one loop.
///
/// ```swift
/// let news = Broadcast<Headline>(capacity: 64)
/// let headlines = news.subscribe()
/// spawn { for try await headline in headlines { show(headline) } }
/// news.send(Headline("…"))
/// ```
///
/// A subscriber gets every item that is sent from then on, in order. Sending never waits: of the items
/// that a subscriber has not got yet the newest `capacity` are kept, and one that is slower is told how
/// many it has missed, by a ``BroadcastLagged``, and goes on with the oldest that is left. An item is
/// held once, whatever the number of subscribers, and only until all have got it.
///
/// All on the thread of the loop on which it was made; another thread traps.
public final class Broadcast<Element> {
  /// How many items are kept for those who have not got them yet.
  public let capacity: Int
  /// What somebody has not got yet, the oldest first.
  @exclusivity(unchecked) @usableFromInline var kept = Ring<Kept>()
  /// The number of the first of them; items are counted from zero.
  @exclusivity(unchecked) @usableFromInline var firstNumber = 0
  /// How many subscriptions are open.
  @usableFromInline private(set) var subscribers = 0
  /// How many subscriptions there have been: each has its number, by which it waits.
  private var subscriptions = 0
  @usableFromInline private(set) var hasClosed = false
  @usableFromInline let waiting = WaitLine()

  /// An item, and how many have not got it yet.
  @usableFromInline
  struct Kept {
    @usableFromInline let item: Element
    @usableFromInline var unseen: Int

    @inlinable
    init(item: Element, unseen: Int) {
      self.item = item
      self.unseen = unseen
    }
  }

  /// Makes a broadcast for the loop that runs on this thread, without subscribers.
  ///
  /// - Parameter capacity: How many items are kept for a subscriber that has not got them yet.
  /// - Precondition: An event loop runs on this thread. The capacity is more than zero.
  public init(capacity: Int) {
    precondition(capacity > 0, "A broadcast's capacity is more than zero: an item must be kept until it is seen")
    self.capacity = capacity
  }

  /// Sends an item to all who have subscribed; without subscribers it is dropped.
  ///
  /// - Returns: How many subscribers there are.
  /// - Precondition: The broadcast was not closed.
  /// - Complexity: O(number of subscribers that wait); no allocation, unless it has never kept so many.
  @inlinable
  @discardableResult
  public func send(_ item: Element) -> Int {
    waiting.check("Broadcast.send")
    precondition(!hasClosed, "A broadcast that was closed sends nothing")
    while kept.count >= capacity { dropFirst() }
    guard subscribers > 0 else { return 0 }
    kept.append(Kept(item: item, unseen: subscribers))
    waiting.wakeAll()
    return subscribers
  }

  /// Opens a subscription to all items that are sent from now on.
  public func subscribe() -> Subscription {
    waiting.check("Broadcast.subscribe")
    subscribers += 1
    subscriptions += 1
    return Subscription(subscriptions, to: self, from: endNumber)
  }

  /// How many subscriptions are open.
  public var subscriberCount: Int {
    waiting.check("Broadcast.subscriberCount")
    return subscribers
  }

  /// Ends it: subscribers get what they have not got yet, and then their loops end.
  ///
  /// A second call does nothing.
  public func close() {
    waiting.check("Broadcast.close")
    hasClosed = true
    waiting.closeAll()
  }

  /// Whether it was closed.
  public var isClosed: Bool {
    waiting.check("Broadcast.isClosed")
    return hasClosed
  }

  /// The number of the next item to be sent.
  @inlinable var endNumber: Int { firstNumber + kept.count }

  /// Lets go of the oldest item that is kept.
  @inlinable
  func dropFirst() {
    // In this order: an item's deinit may be the user's, and must find things as they are.
    firstNumber += 1
    _ = kept.removeFirst()
  }

  /// Notes that one of those who had not got an item has, or never will; and lets go of it after the last.
  @inlinable
  func tick(off number: Int) {
    kept[number - firstNumber].unseen -= 1
    // Whoever has got an item has got, or missed, all before it: the first are always done first.
    while kept.count > 0, kept[0].unseen == 0 { dropFirst() }
  }

  /// Closes a subscription that has got all items before `number`.
  func unsubscribe(_ subscription: Int, at number: Int) {
    subscribers -= 1
    waiting.closeAll(of: subscription)
    let end = endNumber
    var number = Swift.max(number, firstNumber)
    while number < end {
      tick(off: number)
      number = Swift.max(number + 1, firstNumber)
    }
  }
}

/// A subscriber has been too slow: items that it has not got are gone.
public struct BroadcastLagged: Error, Hashable, CustomStringConvertible {
  /// How many items it has missed.
  public let count: Int

  @usableFromInline
  init(count: Int) {
    self.count = count
  }

  public var description: String { "the subscriber was too slow and has missed \(count) items" }
}

// SAFETY: everything that touches its state first compares the thread's loop with the broadcast's; the last
// reference may go on any thread, and takes items along that may too.
extension Broadcast: @unchecked Sendable where Element: Sendable {}
