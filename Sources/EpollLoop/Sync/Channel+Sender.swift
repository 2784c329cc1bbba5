extension Channel {
  /// The end of a channel into which items go.
  ///
  /// It closes when it is closed or dropped, whichever comes first. Several tasks may use one sender.
  public final class Sender {
    @usableFromInline let passage: ChannelPassage<Element>
    @usableFromInline let number: Int
    @usableFromInline private(set) var hasClosed = false

    @usableFromInline
    init(_ passage: ChannelPassage<Element>) {
      self.passage = passage
      number = passage.openSender()
    }

    deinit {
      guard !hasClosed else { return }
      passage.exchange.givers.carry("Channel.Sender.deinit") { [passage, number] in passage.closeSender(number) }
    }

    /// Sends an item, and waits while the channel is full.
    ///
    /// - Throws: ``ChannelError/broken`` if all receivers are closed, or are before the item is in;
    ///   ``ClosedError`` if this end is; `CancellationError` if the task is cancelled while it
    ///   waits. In all cases the item was not sent.
    /// - Complexity: no allocation, unless the channel has never held so many.
    @inlinable
    public func send(_ item: Element) async throws {
      try check("Channel.Sender.send")
      guard try await passage.exchange.give(item, owner: number) else {
        throw hasClosed ? ClosedError(.channel) : ChannelError.broken
      }
    }

    /// Sends an item if that takes no waiting.
    ///
    /// - Returns: False if the channel is full, or, without a buffer, nobody waits; the item was not sent.
    /// - Throws: ``ChannelError`` if all receivers or this end are closed.
    @inlinable
    public func trySend(_ item: Element) throws -> Bool {
      try check("Channel.Sender.trySend")
      return passage.exchange.tryGive(item)
    }

    /// Makes another sender of the same channel, which closes by itself.
    ///
    /// - Precondition: This one is open.
    public func clone() -> Sender {
      passage.exchange.check("Channel.Sender.clone")
      precondition(!hasClosed, "A closed end of a channel cannot be cloned")
      return Sender(passage)
    }

    /// Closes this end: tasks that wait to send by it throw ``ClosedError``.
    ///
    /// With the last sender closed, receivers take what is left, and then their loops end. A second
    /// call does nothing.
    public func close() {
      passage.exchange.check("Channel.Sender.close")
      guard !hasClosed else { return }
      hasClosed = true
      passage.closeSender(number)
    }

    /// Whether this end was closed.
    public var isClosed: Bool {
      passage.exchange.check("Channel.Sender.isClosed")
      return hasClosed
    }

    /// What the channel holds, and who uses it.
    public var statistics: Statistics {
      passage.exchange.check("Channel.Sender.statistics")
      return passage.statistics
    }

    /// Traps on another thread, and throws if nothing can be sent.
    @inlinable
    func check(_ what: StaticString) throws {
      passage.exchange.check(what)
      if hasClosed { throw ClosedError(.channel) }
      if passage.openReceivers == 0 { throw ChannelError.broken }
    }
  }
}

// SAFETY: everything that touches its state first compares the thread's loop with the channel's; the last
// reference may go on any thread, and only asks the loop to close the end.
extension Channel.Sender: @unchecked Sendable where Element: Sendable {}
