extension Channel {
  /// A reserved place in a channel's buffer, for one item.
  ///
  /// ```swift
  /// let permit = try await sender.reserve()   // waits while the channel is full
  /// permit.send(try await nextJob())          // neither waits nor fails
  /// ```
  ///
  /// It is used up by ``send(_:)``, and given back when it is dropped. Receivers do not end while there is one.
  public struct Permit: ~Copyable {
    @usableFromInline let passage: ChannelPassage<Element>
    @usableFromInline var isUsed = false

    /// Takes over a place that was reserved.
    @usableFromInline
    init(_ passage: ChannelPassage<Element>) {
      self.passage = passage
    }

    deinit {
      guard !isUsed else { return }
      passage.exchange.givers.carry("Channel.Permit.deinit") { [passage] in
        passage.exchange.giveBackReserved()
        passage.closeIfUnused()
      }
    }

    /// Sends an item, without waiting, even if the task is cancelled or the sender was closed meanwhile.
    ///
    /// If all receivers are closed, the item is dropped, as those are that were sent before.
    ///
    /// - Complexity: no allocation, unless the channel holds more items than ever before.
    @inlinable
    public consuming func send(_ item: Element) {
      passage.exchange.check("Channel.Permit.send")
      isUsed = true
      if passage.openReceivers > 0 { passage.exchange.giveReserved(item) } else { passage.exchange.giveBackReserved() }
      passage.closeIfUnused()
    }
  }
}

extension Channel.Sender {
  /// Reserves a place for one item, and waits while the channel is full.
  ///
  /// Tasks that wait to reserve and tasks that wait to send are served in one order, first come, first served. A place
  /// is one of the buffer: an item that goes straight to a receiver that waits needs none.
  ///
  /// - Returns: The place: ``Channel/Permit/send(_:)`` neither waits nor fails.
  /// - Throws: As ``send(_:)``; then nothing was reserved.
  /// - Precondition: The channel has a capacity: without a buffer there is no place to reserve.
  /// - Complexity: no allocation.
  @inlinable
  public func reserve() async throws -> Channel.Permit {
    try checkCanReserve("Channel.Sender.reserve")
    guard try await passage.exchange.reserve(owner: number) else {
      throw hasClosed ? ClosedError(.channel) : ChannelError.broken
    }
    return Channel.Permit(passage)
  }

  /// Reserves a place for one item if that takes no waiting.
  ///
  /// - Returns: Nil if the channel is full.
  /// - Throws: ``ClosedError`` if this end is closed; ``ChannelError/broken`` if all receivers are.
  /// - Precondition: The channel has a capacity.
  @inlinable
  public func tryReserve() throws -> Channel.Permit? {
    try checkCanReserve("Channel.Sender.tryReserve")
    guard passage.exchange.tryReserve() else { return nil }
    return Channel.Permit(passage)
  }

  /// As ``check(_:)``; traps if the channel has no buffer.
  @inlinable
  func checkCanReserve(_ what: StaticString) throws {
    try check(what)
    precondition(
      passage.exchange.capacity > 0, "A channel without a buffer has no place to reserve: open it with a capacity")
  }
}
