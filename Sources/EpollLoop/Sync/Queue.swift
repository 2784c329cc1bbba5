/// Hands items from tasks that put to tasks that get, on one loop.
///
/// ```swift
/// let jobs = Queue<Job>(capacity: 100)
/// let worker = spawn { for try await job in jobs { try await job.run() } }
/// try await jobs.put(job)          // waits while the queue is full
/// jobs.shutdown()                  // the worker ends when nothing is left
/// ```
///
/// Tasks that wait are served in the order in which they came: an item is handed to the getter that
/// has waited longest, and room to the putter that has waited longest, at once; who comes later cannot
/// get in between. A getter or putter that is cancelled loses no item.
///
/// All on the thread of the loop on which it was made; another thread traps.
public final class Queue<Element> {
  /// The order in which items are taken: ``fifo``, ``lifo`` or ``priority(by:)``.
  public struct Order {
    @usableFromInline let backlog: Backlog<Element>.Order

    @inlinable
    init(_ backlog: Backlog<Element>.Order) {
      self.backlog = backlog
    }

    /// The oldest first.
    @inlinable public static var fifo: Order { Order(.fifo) }

    /// The newest first: a stack.
    @inlinable public static var lifo: Order { Order(.lifo) }

    /// First the item that precedes all others; of equals the oldest.
    ///
    /// - Parameter precedes: Whether its first argument is to be taken before its second; a strict weak
    ///   order, as for `sort(by:)`.
    @inlinable
    public static func priority(by precedes: @escaping (Element, Element) -> Bool) -> Order {
      Order(.priority(precedes))
    }
  }

  /// How many items it holds at the most; `Int.max` for any number.
  public let capacity: Int
  @usableFromInline let exchange: Exchange<Element>
  /// How many items have been done with.
  @usableFromInline var finished = 0
  @usableFromInline let joiners = WaitLine()

  /// Makes an empty queue for the loop that runs on this thread.
  ///
  /// - Parameters:
  ///   - capacity: How many items it holds at the most; unless given, any number, and a put never waits.
  ///   - order: The order in which items are taken.
  /// - Precondition: An event loop runs on this thread. The capacity is more than zero.
  @inlinable
  public init(capacity: Int = .max, order: Order = .fifo) {
    precondition(
      capacity > 0, "A queue's capacity is more than zero: a Channel hands items over without holding any")
    self.capacity = capacity
    exchange = Exchange(capacity: capacity, order.backlog)
  }

  /// How many items it holds.
  @inlinable public var count: Int {
    exchange.check("Queue.count")
    return exchange.backlog.count
  }

  /// Whether it holds no item.
  @inlinable public var isEmpty: Bool { count == 0 }

  /// Whether a put would have to wait.
  @inlinable public var isFull: Bool { count >= capacity }

  /// Whether it was shut down.
  @inlinable public var isShutDown: Bool {
    exchange.check("Queue.isShutDown")
    return exchange.isClosed
  }

  // MARK: put and get

  /// Puts an item, and waits while the queue is full.
  ///
  /// - Throws: ``ClosedError`` if the queue is shut down before the item is in; `CancellationError` if
  ///   the task is cancelled while it waits. In both cases the item was not put.
  /// - Complexity: no allocation, unless the queue has never held so many; O(log n) with priorities.
  @inlinable
  public func put(_ item: Element) async throws {
    exchange.check("Queue.put")
    guard !exchange.isClosed, try await exchange.give(item) else { throw ClosedError(.queue) }
  }

  /// Puts an item if that takes no waiting.
  ///
  /// - Returns: False if the queue is full; then the item was not put.
  /// - Throws: ``ClosedError`` if the queue was shut down.
  @inlinable
  public func tryPut(_ item: Element) throws -> Bool {
    exchange.check("Queue.tryPut")
    guard !exchange.isClosed else { throw ClosedError(.queue) }
    return exchange.tryGive(item)
  }

  /// Takes the item whose turn it is, and waits while there is none.
  ///
  /// - Throws: ``ClosedError`` if the queue was shut down and nothing is left; `CancellationError` if
  ///   the task is cancelled while it waits, and then no item is lost.
  /// - Complexity: no allocation; O(log n) with priorities.
  @inlinable
  public func get() async throws -> Element {
    exchange.check("Queue.get")
    guard let item = try await exchange.take() else { throw ClosedError(.queue) }
    return item
  }

  /// Takes the item whose turn it is, if there is one.
  ///
  /// - Returns: Nil if the queue is empty.
  /// - Throws: ``ClosedError`` if the queue was shut down and nothing is left.
  @inlinable
  public func tryGet() throws -> Element? {
    exchange.check("Queue.tryGet")
    let item = exchange.tryTake()
    if item == nil, exchange.isClosed { throw ClosedError(.queue) }
    return item
  }
}

extension Queue.Order where Element: Comparable {
  /// The least first; of equals the oldest.
  @inlinable public static var priority: Self { .priority(by: <) }
}

/// The former name of the error of a queue that was shut down.
@available(*, deprecated, renamed: "ClosedError")
public typealias QueueShutDown = ClosedError

// SAFETY: everything that touches its state first compares the thread's loop with the queue's; the last
// reference may go on any thread, and takes items along that may too.
extension Queue: @unchecked Sendable where Element: Sendable {}
