extension Queue {
  /// How many items have been put and not been done with: see ``taskDone()``.
  @inlinable public var unfinishedCount: Int {
    exchange.check("Queue.unfinishedCount")
    return exchange.accepted - finished
  }

  /// Says that an item that was taken has been dealt with: ``join()`` counts.
  ///
  /// - Precondition: It is called once for each item at the most.
  @inlinable
  public func taskDone() {
    exchange.check("Queue.taskDone")
    precondition(exchange.accepted > finished, "taskDone() was called more often than items were put")
    finish(1)
  }

  /// Waits until all items that have been put have been done with, at once if there are none.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits.
  public func join() async throws {
    exchange.check("Queue.join")
    guard exchange.accepted > finished else {
      if joiners.spend() { await joiners.giveWay() }
      return
    }
    // Woken at an instant at which all were done, whatever has been put since.
    _ = try await joiners.wait(for: "items of a queue to be done with")
  }

  /// Lets nothing in any more: puts throw ``ClosedError``, also those that wait; gets take what is left,
  /// then they throw it too, and loops over the queue end.
  ///
  /// A second call does nothing, unless it is the first that is immediate.
  ///
  /// - Parameter immediately: Whether the items that are left are dropped, and count as done with.
  public func shutdown(immediately: Bool = false) {
    exchange.check("Queue.shutdown")
    exchange.close()
    guard immediately else { return }
    // In this order: items may end with it, and must find things as they are.
    finish(exchange.backlog.count)
    exchange.drop()
  }

  /// Counts items as done with, and wakes who joins if those were the last.
  @inlinable
  func finish(_ count: Int) {
    finished += count
    if finished == exchange.accepted { joiners.wakeAll() }
  }
}

extension Queue: AsyncSequence {
  /// Takes the items of a queue, until it is shut down and nothing is left.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let exchange: Exchange<Element>

    @inlinable
    init(_ exchange: Exchange<Element>) {
      self.exchange = exchange
    }

    /// Takes the next item, and waits while there is none; nil once the queue was shut down and is empty.
    ///
    /// - Throws: `CancellationError` if the task is cancelled while it waits; no item is lost.
    @inlinable
    public mutating func next() async throws -> Element? {
      exchange.check("Queue.next")
      return try await exchange.take()
    }

    /// Takes the next item; as ``next()``.
    @inlinable
    public mutating func next(isolation: isolated (any Actor)?) async throws -> Element? {
      exchange.check("Queue.next")
      return try await exchange.take()
    }
  }

  /// Takes items as ``get()`` does; several loops may share one queue, and each item goes to one of them.
  @inlinable
  public func makeAsyncIterator() -> Iterator {
    Iterator(exchange)
  }
}
