/// Items in a row, added at one end and taken from either: a ring that grows by doubling.
///
/// Once it has been emptied after it held many, it gives their memory back.
///
/// An item that is taken and dropped ends when the ring is in order again, and may use it. That does not go
/// without saying: the optimizer ends a value after its last use, also in the middle of the function that
/// returns it, and spares only what an access with exclusivity checks encloses.
@usableFromInline
struct Ring<Element>: ~Copyable {
  @usableFromInline var items: UnsafeMutablePointer<Element>
  /// The capacity, a power of two, less one.
  @usableFromInline var mask: Int
  @usableFromInline var head = 0
  /// How many items it holds.
  @usableFromInline var count = 0

  /// The capacity of an empty ring, and the largest that it keeps when it is empty.
  @usableFromInline static var capacities: (first: Int, kept: Int) { (4, 1024) }

  @inlinable
  init() {
    items = .allocate(capacity: Self.capacities.first)
    mask = Self.capacities.first - 1
  }

  @inlinable
  deinit {
    for offset in 0..<count { place(offset).deinitialize(count: 1) }
    items.deallocate()
  }

  /// The item at `offset` behind the first; there must be one.
  @inlinable
  subscript(offset: Int) -> Element {
    get {
      precondition(offset >= 0 && offset < count, "A ring has no item there")
      return place(offset).pointee
    }
    set {
      precondition(offset >= 0 && offset < count, "A ring has no item there")
      place(offset).pointee = newValue
    }
  }

  /// Adds an item at the end. Amortised O(1).
  @inlinable
  mutating func append(_ item: Element) {
    if count > mask { move(toCapacity: (mask + 1) * 2) }
    place(count).initialize(to: item)
    count &+= 1
  }

  /// Takes the first item; nil if there is none.
  @inlinable
  mutating func removeFirst() -> Element? {
    guard count > 0 else { return nil }
    let item = place(0).move()
    head = (head &+ 1) & mask
    count &-= 1
    shrinkIfEmpty()
    withExtendedLifetime(item) {}
    return item
  }

  /// Takes the last item; nil if there is none.
  @inlinable
  mutating func removeLast() -> Element? {
    guard count > 0 else { return nil }
    count &-= 1
    let item = place(count).move()
    shrinkIfEmpty()
    withExtendedLifetime(item) {}
    return item
  }

  /// The memory at `offset` behind the first item.
  @inlinable
  func place(_ offset: Int) -> UnsafeMutablePointer<Element> {
    items + ((head &+ offset) & mask)
  }

  /// Gives memory back, if it is empty and has held many.
  @inlinable
  mutating func shrinkIfEmpty() {
    if count == 0, mask >= Self.capacities.kept { move(toCapacity: Self.capacities.first) }
  }

  /// Moves all items to memory for so many.
  @inlinable
  @inline(never)
  mutating func move(toCapacity capacity: Int) {
    let others = UnsafeMutablePointer<Element>.allocate(capacity: capacity)
    for offset in 0..<count { (others + offset).moveInitialize(from: place(offset), count: 1) }
    items.deallocate()
    items = others
    mask = capacity - 1
    head = 0
  }
}
