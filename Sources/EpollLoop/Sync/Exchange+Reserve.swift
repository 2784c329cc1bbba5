/// Places in the backlog that are reserved before there is an item.
///
/// Tasks that wait to reserve are in one FIFO with the givers; nothing lies at their seats.
extension Exchange {
  /// Reserves a place in the backlog if one is free.
  @inlinable
  func tryReserve() -> Bool {
    guard backlog.count < limit else { return false }
    limit -= 1
    return true
  }

  /// Reserves a place in the backlog, and waits while none is free.
  ///
  /// - Parameter owner: On whose behalf.
  /// - Returns: False if the exchange was closed first.
  /// - Throws: `CancellationError` if the task is cancelled while it waits; then nothing was reserved.
  @inlinable
  func reserve(owner: Int) async throws -> Bool {
    if tryReserve() {
      if givers.spend() { await givers.giveWay() }
      return true
    }
    reserving += 1
    // If this one leaves without a place, an item behind it may go to a taker that waits.
    defer {
      reserving -= 1
      admit()
    }
    return try await givers.wait(in: givers.takeSeat(), for: "room to reserve", owner: owner)
  }

  /// Gives an item that has a reserved place, which is free again if a taker waits.
  @inlinable
  func giveReserved(_ item: Element) {
    accepted &+= 1
    limit += 1
    if takers.length > 0, let seat = takers.wakeFirst() {
      Exchange.leave(item, at: seat, in: &handed)
      admit()
    } else {
      backlog.append(item)
    }
  }

  /// Gives a reserved place back.
  @inlinable
  func giveBackReserved() {
    limit += 1
    admit()
  }

  /// Serves givers in their order as long as the first of them has room, or a taker.
  @inlinable
  func admit() {
    while givers.length > 0, let seat = givers.first() {
      let hasRoom = backlog.count < limit
      if !offers(seat) {
        guard hasRoom else { return }
        limit -= 1
        _ = givers.wakeFirst()
      } else if takers.length > 0, let taker = takers.wakeFirst() {
        if let offer = nextOffer() { Exchange.leave(offer, at: taker, in: &handed) }
      } else {
        guard hasRoom, let offer = nextOffer() else { return }
        backlog.append(offer)
      }
    }
  }

  /// As ``nextOffer()``, unless the giver whose turn it is waits to reserve.
  @inlinable
  func nextOfferInTurn() -> Element? {
    guard let seat = givers.first(), offers(seat) else { return nil }
    return nextOffer()
  }

  /// Whether an item lies at the seat of a giver.
  @inlinable
  func offers(_ seat: Int) -> Bool { seat < offered.count && offered[seat] != nil }
}
