@testable import EpollLoop

/// An event and its model.
final class ToolboxEvent {
  let event = Event()
  private var isSet = false
  private let line = ToolboxLine()
  private let ledger: ToolboxLedger

  init(_ ledger: ToolboxLedger) { self.ledger = ledger }

  func wait() async throws {
    let ticket = ledger.open(.event)
    if isSet { ticket.decide(.done(0)) } else { line.append(ticket) }
    try await ledger.perform(ticket) {
      try await event.wait()
      return 0
    }
  }

  func set() {
    event.set()
    isSet = true
    line.decideAll(.done(0))
    check()
  }

  func clear() {
    event.clear()
    isSet = false
    check()
  }

  func check() {
    ledger.check(
      event.isSet == isSet && event.waitingCount == line.tickets.count, "an event with \(event.waitingCount) waiting")
  }
}

/// A barrier and its model.
final class ToolboxBarrier {
  let barrier: Barrier
  private var isBroken = false
  private let line = ToolboxLine()
  private let ledger: ToolboxLedger

  init(parties: Int, _ ledger: ToolboxLedger) {
    barrier = Barrier(parties: parties)
    self.ledger = ledger
  }

  func wait() async throws {
    let ticket = ledger.open(.barrier)
    if isBroken {
      ticket.decide(.refused)
    } else if line.tickets.count == barrier.parties - 1 {
      line.decideAll(.done(0))
      ticket.decide(.done(1))
    } else {
      line.append(ticket)
    }
    try await ledger.perform(ticket) { try await barrier.wait() ? 1 : 0 }
    check()
  }

  /// Breaks it, or makes it whole again.
  func turnAway(isBroken: Bool) {
    if isBroken { barrier.abort() } else { barrier.reset() }
    self.isBroken = isBroken
    line.decideAll(.refused)
    check()
  }

  func check() {
    ledger.check(
      barrier.isBroken == isBroken && barrier.waitingCount == line.tickets.count,
      "a barrier with \(barrier.waitingCount) waiting, not \(line.tickets.count)")
  }
}

/// A condition on a stock of goods, and its model: who waits for a notification, and how many hold the lock.
///
/// When a notified task gets the lock is not modelled, but that it does, alone, and with its notification.
final class ToolboxCondition {
  let condition = Condition()
  let rank: Int
  private var stock = 0
  private var isOver = false
  private var holders = 0
  /// How many have given the lock up to wait and do not have it back.
  private var away = 0
  private let line = ToolboxLine()
  private let ledger: ToolboxLedger

  init(rank: Int, _ ledger: ToolboxLedger) { (self.rank, self.ledger) = (rank, ledger) }

  /// The ticket of the present one of several waits.
  // SAFETY: on one loop's thread.
  private final class Turn: @unchecked Sendable {
    var ticket: ToolboxTicket?
  }

  private func take() {
    holders += 1
    ledger.check(holders == 1 && condition.lock.isLocked, "\(holders) tasks hold a condition's lock")
  }

  private func begin() -> ToolboxTicket {
    let ticket = ledger.open(.condition)
    line.append(ticket)
    if !ticket.isCancelled {
      holders -= 1
      away += 1
    }
    return ticket
  }

  /// Ends a wait: the lock is held again, whatever has happened.
  private func end(_ ticket: ToolboxTicket, _ fate: ToolboxTicket.Fate, hadWaited: Bool) {
    if hadWaited {
      away -= 1
      take()
    }
    var expected = ticket.fate
    if ticket.isCancelled {
      // Who cannot use its notification passes it on.
      if expected != .cancelled { line.decideFirst(.done(0)) }
      expected = .cancelled
    }
    // It had to wait for the lock, too.
    ledger.close(ticket, fate, expected: expected, isPunctual: false)
  }

  /// Takes one of the goods, waiting for it in one call or in several.
  func consume(inOneCall: Bool) async throws {
    try await condition.withLock {
      take()
      defer { holders -= 1 }
      if inOneCall { try await waitUntilStocked() } else { while !isOver, stock == 0 { try await wait() } }
      ledger.check(isOver || stock > 0, "a condition is not as it was said to be")
      stock -= 1
    }
  }

  private func wait() async throws {
    let ticket = begin()
    let hadWaited = !ticket.isCancelled
    do {
      try await withCancellationHandler {
        try await condition.wait()
      } onCancel: {
        ticket.cancel()
      }
      end(ticket, .done(0), hadWaited: hadWaited)
    } catch {
      end(ticket, .cancelled, hadWaited: hadWaited)
      throw error
    }
  }

  private func waitUntilStocked() async throws {
    let turn = Turn()
    var hadWaited = false
    do {
      try await withCancellationHandler {
        try await condition.wait {
          if let ticket = turn.ticket { end(ticket, .done(0), hadWaited: hadWaited) }
          turn.ticket = nil
          if isOver || stock > 0 { return true }
          let ticket = begin()
          hadWaited = !ticket.isCancelled
          turn.ticket = ticket
          return false
        }
      } onCancel: {
        turn.ticket?.cancel()
      }
    } catch {
      if let ticket = turn.ticket { end(ticket, .cancelled, hadWaited: hadWaited) }
      throw error
    }
  }

  /// Adds goods and notifies as many.
  func produce(_ count: Int, pausing pause: () async throws -> Void) async throws {
    try await condition.withLock {
      take()
      defer { holders -= 1 }
      try await pause()
      stock += count
      condition.notify(count)
      for _ in 0..<count { line.decideFirst(.done(0)) }
      check()
    }
  }

  /// Lets all go who wait, now and later.
  func windUp() async throws {
    try await condition.withLock {
      take()
      defer { holders -= 1 }
      isOver = true
      condition.notifyAll()
      line.decideAll(.done(0))
    }
  }

  func check() {
    ledger.check(condition.waitingCount == line.tickets.count, "\(condition.waitingCount) wait for a condition")
  }

  /// At an instant at which nothing is ready.
  func checkQuiet() {
    check()
    ledger.check(condition.lock.isLocked == (holders == 1), "a condition's lock is held by \(holders) tasks")
    ledger.check(away == line.tickets.count || holders == 1, "a task was notified, and waits for a lock that is free")
  }
}
