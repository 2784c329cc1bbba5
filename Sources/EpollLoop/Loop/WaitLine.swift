/// Tasks that wait in order, each in a numbered seat at which something can be left for it.
///
/// It is to generic code in other modules what ``WaitQueue`` is in here: the items stay with the
/// specialised code, which keeps them by seat, and the waiting is done here. Seats are used again: to
/// wait costs no allocation.
@usableFromInline
final class WaitLine {
  private struct Seat {
    var waiter = Waiter.nobody
    // The neighbours in the line; the seat itself, if it is not in line.
    var next: Int
    var previous: Int
    /// On whose behalf it waits.
    var owner = 0
  }

  let bound: LoopBound<LoopCore>
  /// The first is the line's head, in which nobody sits; none before the first wait.
  @exclusivity(unchecked) private var seats: [Seat] = []
  @exclusivity(unchecked) private var free: [Int] = []
  /// How many are in line, with those who were cancelled and have not gone on yet.
  @exclusivity(unchecked) @usableFromInline private(set) var length = 0

  @usableFromInline
  init() {
    let core = LoopCore.current
    bound = LoopBound(core, core)
  }

  /// Traps on another thread than the loop's.
  @usableFromInline
  func check(_ what: StaticString) {
    bound.check(what)
  }

  /// Spends one operation of the running job's budget; true if ``giveWay()`` is next.
  @usableFromInline
  func spend() -> Bool { bound.unchecked.spend() }

  /// Lets others run, when the budget is used up.
  @usableFromInline
  func giveWay() async {
    await bound.unchecked.giveWay()
  }

  /// Does something on the loop's thread: now if this is it, else as soon as it can.
  ///
  /// If the loop has ended, it is never done: then nobody waits for it either.
  func carry(_ what: StaticString, _ body: @escaping () -> Void) {
    guard !bound.core.isCurrent else { return body() }
    let carried = LoopBound(body, bound.core)
    _ = bound.inbox.submit(.call { carried.open(what)() })
  }

  /// Takes a seat that is free; it is not in line yet.
  @usableFromInline
  func takeSeat() -> Int {
    if let seat = free.popLast() { return seat }
    if seats.isEmpty { seats.append(Seat(next: 0, previous: 0)) }
    let seat = seats.count
    seats.append(Seat(next: seat, previous: seat))
    return seat
  }

  /// Stands last in line until the task is woken.
  ///
  /// When this returns or throws, the seat is free, and stays so until the caller next waits: what
  /// was left at it is to be fetched at once.
  ///
  /// - Returns: True if it was woken with something for it, false if what it waits for was closed.
  /// - Throws: `CancellationError` if the task was cancelled first; then nothing was left at the seat.
  @usableFromInline
  func wait(in seat: Int, for what: StaticString, owner: Int = 0) async throws -> Bool {
    let wake = await bound.unchecked.park(for: what) { enter(seat, $0, owner: owner) }
    leave(seat)
    if wake == .cancelled { throw CancellationError() }
    return wake == .ready
  }

  /// Stands last in line until the task is woken, where nothing is left for it.
  @usableFromInline
  func wait(for what: StaticString) async throws -> Bool {
    try await wait(in: takeSeat(), for: what)
  }

  /// Wakes the one that has waited longest.
  ///
  /// - Returns: Its seat; nil if nobody waits.
  @usableFromInline
  func wakeFirst() -> Int? {
    while length > 0 {
      let seat = seats[0].next
      // Who was cancelled has been woken already, and only has not gone on yet.
      if wake(seat, .ready) { return seat }
    }
    return nil
  }

  /// The seat of the waiter that has waited longest and was not cancelled; nil if there is none.
  @usableFromInline
  func first() -> Int? {
    while length > 0 {
      let seat = seats[0].next
      if bound.unchecked.waiters.waitingSlot(seats[seat].waiter) != nil { return seat }
      unlink(seat)
    }
    return nil
  }

  /// Wakes all, in their order.
  @usableFromInline
  func wakeAll() {
    while length > 0 { wake(seats[0].next, .ready) }
  }

  /// Tells all that what they wait for was closed.
  @usableFromInline
  func closeAll() {
    while length > 0 { wake(seats[0].next, .closed) }
  }

  /// Tells those who wait on one owner's behalf that what they wait for was closed.
  func closeAll(of owner: Int) {
    guard length > 0 else { return }
    var seat = seats[0].next
    while seat != 0 {
      let next = seats[seat].next
      if seats[seat].owner == owner { wake(seat, .closed) }
      seat = next
    }
  }

  /// How many wait; those who were cancelled do not. Linear in the line's length.
  var count: Int {
    guard length > 0 else { return 0 }
    var count = 0
    var seat = seats[0].next
    while seat != 0 {
      if bound.unchecked.waiters.waitingSlot(seats[seat].waiter) != nil { count += 1 }
      seat = seats[seat].next
    }
    return count
  }

  /// Puts a waiter last in line, at a seat that was taken.
  @inline(__always)
  func enter(_ seat: Int, _ waiter: Waiter, owner: Int = 0) {
    let last = seats[0].previous
    seats[seat] = Seat(waiter: waiter, next: 0, previous: last, owner: owner)
    seats[last].next = seat
    seats[0].previous = seat
    length += 1
  }

  /// Takes a seat out of the line, if it is in line, and frees it.
  @inline(__always)
  func leave(_ seat: Int) {
    unlink(seat)
    free.append(seat)
  }

  /// Takes a seat out of the line and wakes who sits there.
  ///
  /// - Returns: False if it was cancelled before.
  @discardableResult
  @inline(__always)
  private func wake(_ seat: Int, _ wake: Wake) -> Bool {
    let waiter = seats[seat].waiter
    unlink(seat)
    guard bound.unchecked.waiters.waitingSlot(waiter) != nil else { return false }
    bound.unchecked.wake(slot: waiter.slot, wake)
    return true
  }

  /// Takes a seat out of the line; nothing happens if it is in none.
  @inline(__always)
  private func unlink(_ seat: Int) {
    let (next, previous) = (seats[seat].next, seats[seat].previous)
    guard next != seat else { return }
    seats[previous].next = next
    seats[next].previous = previous
    seats[seat].next = seat
    seats[seat].previous = seat
    length -= 1
  }
}
