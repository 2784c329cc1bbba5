extension Broadcast {
  /// One subscriber's place in a broadcast.
  ///
  /// It closes when it is closed or dropped, whichever comes first. Tasks that share one share its
  /// items: each item goes to one of them.
  public final class Subscription {
    @usableFromInline let broadcast: Broadcast
    /// Its own number, on whose behalf tasks wait.
    @usableFromInline let owner: Int
    /// The number of the next item to get.
    @usableFromInline var number: Int
    @usableFromInline private(set) var hasClosed = false

    init(_ owner: Int, to broadcast: Broadcast, from number: Int) {
      self.broadcast = broadcast
      self.owner = owner
      self.number = number
    }

    deinit {
      guard !hasClosed else { return }
      broadcast.waiting.carry("Broadcast.Subscription.deinit") { [broadcast, owner, number] in
        broadcast.unsubscribe(owner, at: number)
      }
    }

    /// Gets the next item, and waits while there is none.
    ///
    /// - Returns: Nil once the broadcast was closed and nothing is left, or the subscription.
    /// - Throws: ``BroadcastLagged`` if items that it has not got are gone; the next call gets the oldest
    ///   that is left. `CancellationError` if the task is cancelled while it waits; no item is lost.
    @inlinable
    public func next() async throws -> Element? {
      broadcast.waiting.check("Broadcast.Subscription.next")
      while true {
        if let item = try take() {
          if broadcast.waiting.spend() { await broadcast.waiting.giveWay() }
          return item
        }
        if hasClosed || broadcast.hasClosed { return nil }
        let line = broadcast.waiting
        _ = try await line.wait(in: line.takeSeat(), for: "an item of a broadcast", owner: owner)
      }
    }

    /// Gets the next item, if there is one.
    ///
    /// - Returns: Nil if there is none.
    /// - Throws: ``BroadcastLagged``; as ``next()``.
    @inlinable
    public func tryNext() throws -> Element? {
      broadcast.waiting.check("Broadcast.Subscription.tryNext")
      return try take()
    }

    /// How many items it can get without waiting.
    public var count: Int {
      broadcast.waiting.check("Broadcast.Subscription.count")
      return hasClosed ? 0 : broadcast.endNumber - Swift.max(number, broadcast.firstNumber)
    }

    /// Closes the subscription: it gets nothing any more, and tasks that wait get nil.
    ///
    /// A second call does nothing.
    public func close() {
      broadcast.waiting.check("Broadcast.Subscription.close")
      guard !hasClosed else { return }
      hasClosed = true
      broadcast.unsubscribe(owner, at: number)
    }

    /// Takes the next item that it has not got; nil if there is none.
    @inlinable
    func take() throws -> Element? {
      guard !hasClosed else { return nil }
      let missed = broadcast.firstNumber - number
      if missed > 0 {
        number += missed
        throw BroadcastLagged(count: missed)
      }
      guard number < broadcast.endNumber else { return nil }
      let item = broadcast.kept[number - broadcast.firstNumber].item
      number += 1
      // In this order: an item that nobody keeps ends here, and may get the next.
      broadcast.tick(off: number - 1)
      return item
    }
  }
}

extension Broadcast.Subscription: AsyncSequence {
  /// Gets the items of a subscription.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let subscription: Broadcast.Subscription

    @inlinable
    init(_ subscription: Broadcast.Subscription) {
      self.subscription = subscription
    }

    /// Gets the next item; as ``Broadcast/Subscription/next()``.
    @inlinable
    public mutating func next() async throws -> Element? {
      try await subscription.next()
    }

    /// Gets the next item; as ``Broadcast/Subscription/next()``.
    @inlinable
    public mutating func next(isolation: isolated (any Actor)?) async throws -> Element? {
      try await subscription.next()
    }
  }

  /// Gets items as ``next()`` does; a loop that has ended with a ``BroadcastLagged`` can be begun again.
  @inlinable
  public func makeAsyncIterator() -> Iterator {
    Iterator(self)
  }
}

// SAFETY: everything that touches its state first compares the thread's loop with the broadcast's; the last
// reference may go on any thread, and only asks the loop to close the subscription.
extension Broadcast.Subscription: @unchecked Sendable where Element: Sendable {}
