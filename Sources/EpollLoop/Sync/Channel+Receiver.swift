extension Channel {
  /// The end of a channel from which items come.
  ///
  /// It closes when it is closed or dropped, whichever comes first. Several tasks may use one receiver;
  /// each item goes to one of them.
  public final class Receiver {
    @usableFromInline let passage: ChannelPassage<Element>
    @usableFromInline let number: Int
    @usableFromInline private(set) var hasClosed = false

    @usableFromInline
    init(_ passage: ChannelPassage<Element>) {
      self.passage = passage
      number = passage.openReceiver()
    }

    deinit {
      guard !hasClosed else { return }
      passage.exchange.takers.carry("Channel.Receiver.deinit") { [passage, number] in passage.closeReceiver(number) }
    }

    /// Receives the item that was sent first, and waits while there is none.
    ///
    /// - Returns: Nil if all senders are closed and nothing is left, and then for ever.
    /// - Throws: ``ClosedError`` if this end is closed, or is while the task waits;
    ///   `CancellationError` if the task is cancelled while it waits, and then no item is lost.
    /// - Complexity: no allocation.
    @inlinable
    public func receive() async throws -> Element? {
      try check("Channel.Receiver.receive")
      if let item = try await passage.exchange.take(owner: number) { return item }
      if hasClosed { throw ClosedError(.channel) }
      return nil
    }

    /// Receives the item that was sent first, if there is one.
    ///
    /// - Returns: Nil if there is none: ``isFinished`` says whether there ever will be.
    /// - Throws: ``ClosedError`` if this end is closed.
    @inlinable
    public func tryReceive() throws -> Element? {
      try check("Channel.Receiver.tryReceive")
      return passage.exchange.tryTake()
    }

    /// Whether all senders are closed and nothing is left.
    public var isFinished: Bool {
      passage.exchange.check("Channel.Receiver.isFinished")
      return passage.exchange.isClosed && passage.exchange.backlog.count == 0
    }

    /// Makes another receiver of the same channel, which closes by itself.
    ///
    /// - Precondition: This one is open.
    public func clone() -> Receiver {
      passage.exchange.check("Channel.Receiver.clone")
      precondition(!hasClosed, "A closed end of a channel cannot be cloned")
      return Receiver(passage)
    }

    /// Closes this end: tasks that wait to receive by it throw ``ClosedError``.
    ///
    /// With the last receiver closed, what is left is dropped and senders throw ``ChannelError/broken``. A
    /// second call does nothing.
    public func close() {
      passage.exchange.check("Channel.Receiver.close")
      guard !hasClosed else { return }
      hasClosed = true
      passage.closeReceiver(number)
    }

    /// Whether this end was closed.
    public var isClosed: Bool {
      passage.exchange.check("Channel.Receiver.isClosed")
      return hasClosed
    }

    /// What the channel holds, and who uses it.
    public var statistics: Statistics {
      passage.exchange.check("Channel.Receiver.statistics")
      return passage.statistics
    }

    /// Traps on another thread, and throws if this end is closed.
    @inlinable
    func check(_ what: StaticString) throws {
      passage.exchange.check(what)
      if hasClosed { throw ClosedError(.channel) }
    }
  }
}

extension Channel.Receiver: AsyncSequence {
  /// Receives items until all senders are closed and nothing is left.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let receiver: Channel.Receiver

    @inlinable
    init(_ receiver: Channel.Receiver) {
      self.receiver = receiver
    }

    /// Receives the next item; as ``Channel/Receiver/receive()``.
    @inlinable
    public mutating func next() async throws -> Element? {
      try await receiver.receive()
    }

    /// Receives the next item; as ``Channel/Receiver/receive()``.
    @inlinable
    public mutating func next(isolation: isolated (any Actor)?) async throws -> Element? {
      try await receiver.receive()
    }
  }

  /// Receives as ``receive()`` does; the loop over it keeps this end open.
  @inlinable
  public func makeAsyncIterator() -> Iterator {
    Iterator(self)
  }
}

// SAFETY: everything that touches its state first compares the thread's loop with the channel's; the last
// reference may go on any thread, and only asks the loop to close the end.
extension Channel.Receiver: @unchecked Sendable where Element: Sendable {}
