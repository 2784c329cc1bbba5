/// Items that wait to be taken, in one of the orders of a ``Queue``.
@usableFromInline
struct Backlog<Element>: ~Copyable {
  /// The order in which items are taken.
  @usableFromInline
  enum Order {
    /// The oldest first.
    case fifo
    /// The newest first.
    case lifo
    /// First the one that precedes all others; of equals the oldest.
    case priority((Element, Element) -> Bool)
  }

  /// All items, unless they stand in the heap.
  @usableFromInline var ring = Ring<Element>()
  /// All items, if they have priorities.
  @usableFromInline let heap: Heap<Element>?
  @usableFromInline let isNewestFirst: Bool

  @inlinable
  init(_ order: Order) {
    switch order {
    case .fifo: (isNewestFirst, heap) = (false, nil)
    case .lifo: (isNewestFirst, heap) = (true, nil)
    case .priority(let precedes): (isNewestFirst, heap) = (false, Heap(by: precedes))
    }
  }

  /// How many items it holds.
  @inlinable var count: Int { heap?.count ?? ring.count }

  /// Adds an item.
  @inlinable
  mutating func append(_ item: Element) {
    if let heap { heap.insert(item) } else { ring.append(item) }
  }

  /// Takes the item whose turn it is; nil if there is none.
  @inlinable
  mutating func removeNext() -> Element? {
    if let heap { return heap.removeFirst() }
    return isNewestFirst ? ring.removeLast() : ring.removeFirst()
  }
}

/// A binary heap that keeps equals in the order in which they came.
///
/// A class, of which no function has `entries` to itself: the order is the user's, and may use the heap
/// while it is asked. That spoils the order, and nothing else.
@usableFromInline
final class Heap<Element> {
  /// An item and how many were inserted before it.
  @usableFromInline
  struct Entry {
    @usableFromInline let item: Element
    @usableFromInline let number: Int

    @inlinable
    init(item: Element, number: Int) {
      self.item = item
      self.number = number
    }
  }

  @usableFromInline let precedes: (Element, Element) -> Bool
  @exclusivity(unchecked) @usableFromInline var entries: [Entry] = []
  @exclusivity(unchecked) @usableFromInline var inserted = 0

  @inlinable
  init(by precedes: @escaping (Element, Element) -> Bool) {
    self.precedes = precedes
  }

  @inlinable var count: Int { entries.count }

  /// Adds an item. O(log n).
  @inlinable
  func insert(_ item: Element) {
    entries.append(Entry(item: item, number: inserted))
    inserted += 1
    var child = entries.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      guard isBefore(child, parent) else { return }
      entries.swapAt(child, parent)
      child = parent
    }
  }

  /// Takes the item that precedes all others; nil if there is none. O(log n).
  @inlinable
  func removeFirst() -> Element? {
    guard !entries.isEmpty else { return nil }
    entries.swapAt(0, entries.count - 1)
    let first = entries.removeLast().item
    siftDown()
    // Not before: it may end with it, and use the heap.
    withExtendedLifetime(first) {}
    return first
  }

  /// Moves the first entry down to its place.
  @inlinable
  func siftDown() {
    var parent = 0
    while true {
      var least = parent
      for child in 2 * parent + 1...2 * parent + 2 where child < entries.count && isBefore(child, least) {
        least = child
      }
      guard least != parent, least < entries.count else { return }
      entries.swapAt(parent, least)
      parent = least
    }
  }

  /// Whether one entry is to be taken before another; of equals the one that came first.
  @inlinable
  func isBefore(_ one: Int, _ other: Int) -> Bool {
    let (one, other) = (entries[one], entries[other])
    if precedes(one.item, other.item) { return true }
    if precedes(other.item, one.item) { return false }
    return one.number < other.number
  }
}
