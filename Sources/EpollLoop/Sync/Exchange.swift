/// Where items change hands: what ``Queue`` and ``Channel`` have in common.
///
/// Takers wait only while there is no item, givers only while there is no room: never both. An item
/// goes straight to the taker that has waited longest, and room goes straight to the giver that has
/// waited longest, with its item: nobody who comes later can get in between, and whoever has been woken
/// has already got, or given. What is handed over lies at the seat of who waits for it.
@usableFromInline
final class Exchange<Element> {
  /// How many items it holds at the most; with zero, items only go from hand to hand.
  @usableFromInline let capacity: Int
  /// How many items may be in the backlog: the capacity without the reserved places.
  @exclusivity(unchecked) @usableFromInline var limit: Int
  /// The number of tasks that wait to reserve a place, or have been woken and not gone on.
  @exclusivity(unchecked) @usableFromInline var reserving = 0
  @exclusivity(unchecked) @usableFromInline var backlog: Backlog<Element>
  @usableFromInline let takers = WaitLine()
  @usableFromInline let givers = WaitLine()
  /// By the seats of takers who have been woken: what they have got.
  @exclusivity(unchecked) @usableFromInline var handed: [Element?] = []
  /// By the seats of givers who wait: what they give.
  @exclusivity(unchecked) @usableFromInline var offered: [Element?] = []
  /// How many items have been given so far.
  @exclusivity(unchecked) @usableFromInline var accepted = 0
  /// Whether nothing can be given any more; takers get what is left.
  @exclusivity(unchecked) @usableFromInline var isClosed = false

  @inlinable
  init(capacity: Int, _ order: Backlog<Element>.Order = .fifo) {
    self.capacity = capacity
    limit = capacity
    backlog = Backlog(order)
  }

  /// Traps on another thread than the loop's.
  @inlinable
  func check(_ what: StaticString) {
    takers.check(what)
  }

  // MARK: give

  /// Gives an item if somebody waits for it or there is room for it.
  @inlinable
  func tryGive(_ item: Element) -> Bool {
    // Givers and takers wait at once only while the first giver waits to reserve: later ones stay behind it.
    if takers.length > 0, givers.length == 0 || givers.first() == nil, let seat = takers.wakeFirst() {
      Exchange.leave(item, at: seat, in: &handed)
    } else if backlog.count < limit {
      backlog.append(item)
    } else {
      return false
    }
    accepted &+= 1
    return true
  }

  /// Gives an item, and waits while there is no room.
  ///
  /// - Parameters:
  ///   - item: What to give.
  ///   - owner: On whose behalf.
  /// - Returns: False if the exchange was closed first.
  /// - Throws: `CancellationError` if the task is cancelled while it waits; then the item was not given.
  @inlinable
  func give(_ item: Element, owner: Int = 0) async throws -> Bool {
    if tryGive(item) {
      if givers.spend() { await givers.giveWay() }
      return true
    }
    let seat = givers.takeSeat()
    Exchange.leave(item, at: seat, in: &offered)
    // Who was woken has nothing left there.
    defer { _ = Exchange.pickUp(at: seat, in: &offered) }
    return try await givers.wait(in: seat, for: "room for an item", owner: owner)
  }

  // MARK: take

  /// Takes the item whose turn it is; nil if there is none.
  @inlinable
  func tryTake() -> Element? {
    guard let item = backlog.removeNext() else { return reserving > 0 ? nextOfferInTurn() : nextOffer() }
    if givers.length > 0 {
      if reserving > 0 { admit() } else if let offer = nextOffer() { backlog.append(offer) }
    }
    // Not before the room is taken: the item may end with it, and give another.
    withExtendedLifetime(item) {}
    return item
  }

  /// Takes an item, and waits while there is none.
  ///
  /// - Parameter owner: On whose behalf.
  /// - Returns: Nil if the exchange is closed and empty.
  /// - Throws: `CancellationError` if the task is cancelled while it waits; then no item is lost.
  @inlinable
  func take(owner: Int = 0) async throws -> Element? {
    if let item = tryTake() {
      if takers.spend() { await takers.giveWay() }
      return item
    }
    guard !isClosed else { return nil }
    let seat = takers.takeSeat()
    guard try await takers.wait(in: seat, for: "an item", owner: owner) else { return nil }
    return Exchange.pickUp(at: seat, in: &handed)
  }

  /// Takes the item that a taker who waited in several lines was handed; nil if another line has woken it.
  @inlinable
  func pickUpHanded(at seat: Int) -> Element? {
    seat < handed.count ? Exchange.pickUp(at: seat, in: &handed) : nil
  }

  /// What the giver that has waited longest gives, who is woken; nil if nobody waits.
  @inlinable
  func nextOffer() -> Element? {
    guard givers.length > 0, let seat = givers.wakeFirst() else { return nil }
    accepted &+= 1
    return Exchange.pickUp(at: seat, in: &offered)
  }

  // MARK: close

  /// Refuses all further items; who waits is told.
  @inlinable
  func close() {
    isClosed = true
    givers.closeAll()
    takers.closeAll()
  }

  /// Drops what nobody has taken.
  @inlinable
  func drop() {
    while backlog.removeNext() != nil {}
  }

  /// Leaves an item at a seat.
  @inlinable
  static func leave(_ item: Element, at seat: Int, in places: inout [Element?]) {
    while places.count <= seat { places.append(nil) }
    places[seat] = item
  }

  /// Takes what lies at a seat, if anything does.
  @inlinable
  static func pickUp(at seat: Int, in places: inout [Element?]) -> Element? {
    let item = places[seat].take()
    // Not before the seat is empty: the item may end with it, and have others left at seats.
    withExtendedLifetime(item) {}
    return item
  }
}
