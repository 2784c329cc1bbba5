/// A way for items from senders to receivers on one loop, which ends when either side has gone.
///
/// ```swift
/// let (sender, receiver) = Channel<Line>.open(capacity: 16)
/// spawn {
///   for line in lines { try await sender.send(line) }
///   sender.close()
/// }
/// for try await line in receiver { … }     // ends when the last sender has closed
/// ```
///
/// Each end can be cloned and closed; an end that is dropped closes too. With a capacity of zero an
/// item goes from hand to hand: `send` returns when a receiver has it. Tasks that wait are served in the
/// order in which they came, and an item that was handed to one is not stolen by another.
///
/// All on the thread of the loop on which it was opened; another thread traps.
public enum Channel<Element> {
  /// Opens a channel for the loop that runs on this thread.
  ///
  /// - Parameter capacity: How many items it holds that nobody has received yet; `Int.max` for any number.
  /// - Returns: Its first sender and its first receiver.
  /// - Precondition: An event loop runs on this thread. The capacity is not negative.
  @inlinable
  public static func open(capacity: Int = 0) -> (sender: Sender, receiver: Receiver) {
    precondition(capacity >= 0, "A channel's capacity is zero or more")
    let passage = ChannelPassage<Element>(capacity: capacity)
    return (Sender(passage), Receiver(passage))
  }

  /// What a channel holds, and who uses it.
  public struct Statistics: Hashable, Sendable {
    /// How many items were sent that nobody has received yet.
    public let buffered: Int
    /// How many items it can hold.
    public let capacity: Int
    /// The number of places that are reserved: ``Channel/Sender/reserve()``.
    public let reserved: Int
    /// How many senders are open.
    public let openSenders: Int
    /// How many receivers are open.
    public let openReceivers: Int
    /// How many tasks wait to send.
    public let waitingSenders: Int
    /// How many tasks wait to receive.
    public let waitingReceivers: Int
  }
}

/// Why an open end of a channel is of no use. The use of a closed end throws ``ClosedError``.
public enum ChannelError: Error, Hashable, CustomStringConvertible {
  /// All receivers were closed: nothing that is sent can be received.
  case broken

  /// The reason.
  public var description: String {
    switch self {
    case .broken: "the channel has no receiver any more"
    }
  }
}

/// What the ends of a channel share.
@usableFromInline
final class ChannelPassage<Element> {
  @usableFromInline let exchange: Exchange<Element>
  private(set) var openSenders = 0
  @usableFromInline private(set) var openReceivers = 0
  private var opened = 0

  @usableFromInline
  init(capacity: Int) {
    exchange = Exchange(capacity: capacity)
  }

  /// Opens a sender and returns its number.
  @usableFromInline
  func openSender() -> Int {
    openSenders += 1
    opened += 1
    return opened
  }

  /// Opens a receiver and returns its number.
  @usableFromInline
  func openReceiver() -> Int {
    openReceivers += 1
    opened += 1
    return opened
  }

  /// Closes a sender; the last one ends the receivers' loops when they have taken what is left, unless places are
  /// reserved: then the last of those does.
  func closeSender(_ number: Int) {
    openSenders -= 1
    exchange.givers.closeAll(of: number)
    closeIfUnused()
  }

  /// Ends the receivers' loops, when they have taken what is left, if nothing more can be sent.
  @usableFromInline
  func closeIfUnused() {
    if openSenders == 0, exchange.limit == exchange.capacity { exchange.close() }
  }

  /// Closes a receiver; with the last one what is left is dropped, and senders are told.
  func closeReceiver(_ number: Int) {
    openReceivers -= 1
    exchange.takers.closeAll(of: number)
    guard openReceivers == 0 else { return }
    exchange.givers.closeAll()
    exchange.drop()
  }

  /// What it holds and who uses it, now.
  var statistics: Channel<Element>.Statistics {
    Channel.Statistics(
      buffered: exchange.backlog.count, capacity: exchange.capacity,
      reserved: exchange.capacity - exchange.limit, openSenders: openSenders, openReceivers: openReceivers,
      waitingSenders: exchange.givers.count, waitingReceivers: exchange.takers.count)
  }
}
