@testable import EpollLoop

/// A semaphore and its model: the free permits, and requests in their order.
final class ToolboxSemaphore {
  let semaphore: Semaphore
  /// Tasks that hold something take only what has a higher rank: no two wait for each other.
  let rank: Int
  /// The most permits that there will be at once, and the most that a task may ask for.
  let maximum: Int
  /// Whether there is a limit, so that each permit is given back.
  let isBounded: Bool
  private var limit: Int
  private var free: Int
  private let line = ToolboxLine()
  private let ledger: ToolboxLedger

  init(_ permits: Int, isBounded: Bool, rank: Int, _ ledger: ToolboxLedger) {
    semaphore = isBounded ? Semaphore(limit: permits) : Semaphore(permits)
    (self.rank, self.isBounded, self.ledger) = (rank, isBounded, ledger)
    (maximum, limit, free) = (max(1, permits), permits, permits)
  }

  private func take(_ count: Int) -> Bool {
    guard line.tickets.isEmpty, free >= count else { return false }
    free -= count
    return true
  }

  private func handOver() {
    while let first = line.tickets.first, free >= first.size {
      free -= first.size
      line.decideFirst(.done(0))
    }
  }

  private func begin(_ count: Int) -> ToolboxTicket {
    let ticket = ledger.open(isBounded ? .acquire : .consume, size: count)
    if take(count) { ticket.decide(.done(0)) } else { line.append(ticket) }
    return ticket
  }

  /// What has become of a request; whoever was cancelled lets those behind it move up when it goes on.
  private func expected(_ ticket: ToolboxTicket) -> ToolboxTicket.Fate {
    if ticket.fate == .cancelled { handOver() }
    return ticket.fate
  }

  /// Takes permits, for good or until ``release(_:)``.
  func acquire(_ count: Int) async throws {
    try await ledger.perform(begin(count), expected: expected) {
      try await semaphore.acquire(count)
      return 0
    }
  }

  /// Takes permits for as long as `body` runs.
  func withPermits(_ count: Int, _ body: () async throws -> Void) async throws {
    let ticket = begin(count)
    var hasEntered = false
    do {
      try await withCancellationHandler {
        try await semaphore.withPermits(count) {
          hasEntered = true
          ledger.close(ticket, .done(0), expected: expected(ticket))
          // Nothing runs between this and the real release.
          defer { giveInModel(count) }
          try await body()
        }
      } onCancel: {
        ticket.cancel()
      }
    } catch is CancellationError where !hasEntered {
      ledger.close(ticket, .cancelled, expected: expected(ticket))
      throw CancellationError()
    }
    check()
  }

  /// Takes permits if that takes no waiting.
  func tryAcquire(_ count: Int) -> Bool {
    let isTaken = semaphore.tryAcquire(count)
    ledger.check(isTaken == take(count), "tryAcquire said \(isTaken)")
    return isTaken
  }

  func release(_ count: Int) {
    semaphore.release(count)
    giveInModel(count)
    check()
  }

  private func giveInModel(_ count: Int) {
    free += count
    handOver()
  }

  func resize(to limit: Int) {
    semaphore.resize(to: limit)
    free += limit - self.limit
    self.limit = limit
    handOver()
    check()
  }

  /// Compares what can be seen; whoever was cancelled and has not gone on yet stands in neither line.
  func check() {
    ledger.check(semaphore.available == max(0, free), "\(semaphore.available) permits, not \(free)")
    ledger.check(semaphore.waitingCount == line.tickets.count, "\(semaphore.waitingCount) requests wait")
    if isBounded { ledger.check(semaphore.limit == limit && free <= limit, "more permits than there are") }
  }

  /// Lets everybody have what they wait for, now and later.
  func windUp() {
    if isBounded { resize(to: maximum) } else { release(1_000_000) }
  }

  /// Sees that all permits are back.
  func checkEnd() {
    check()
    ledger.check(line.tickets.isEmpty, "a semaphore is waited for at the end")
    if isBounded { ledger.check(free == limit, "\(limit - free) permits were not given back") }
  }
}

/// A lock and its model.
final class ToolboxLock {
  let lock = Lock()
  let rank: Int
  private var isLocked = false
  private var insiders = 0
  private let line = ToolboxLine()
  private let ledger: ToolboxLedger

  init(rank: Int, _ ledger: ToolboxLedger) { (self.rank, self.ledger) = (rank, ledger) }

  private func begin() -> ToolboxTicket {
    let ticket = ledger.open(.lock)
    if isLocked {
      line.append(ticket)
    } else {
      isLocked = true
      ticket.decide(.done(0))
    }
    return ticket
  }

  private func enter() {
    insiders += 1
    ledger.check(insiders == 1, "\(insiders) tasks hold one lock")
  }

  private func leave() {
    insiders -= 1
    if line.decideFirst(.done(0)) == nil { isLocked = false }
  }

  /// Takes the lock for as long as `body` runs, with one call or with two.
  func withLock(inOneCall: Bool, _ body: () async throws -> Void) async throws {
    let ticket = begin()
    guard inOneCall else {
      try await ledger.perform(ticket) {
        try await lock.lock()
        return 0
      }
      enter()
      defer {
        lock.unlock()
        leave()
        check()
      }
      return try await body()
    }
    var hasEntered = false
    do {
      try await withCancellationHandler {
        try await lock.withLock {
          hasEntered = true
          ledger.close(ticket, .done(0))
          enter()
          defer { leave() }
          try await body()
        }
      } onCancel: {
        ticket.cancel()
      }
    } catch is CancellationError where !hasEntered {
      ledger.close(ticket, .cancelled)
      throw CancellationError()
    }
  }

  /// Takes the lock if it is free, and gives it up.
  func tryLock() {
    let isTaken = lock.tryLock()
    ledger.check(isTaken != isLocked, "tryLock said \(isTaken)")
    if isTaken { lock.unlock() }
  }

  func check() { ledger.check(lock.isLocked == isLocked, "a lock is \(lock.isLocked ? "" : "not ")held") }

  func checkEnd() {
    check()
    ledger.check(!isLocked && line.tickets.isEmpty, "a lock is held at the end")
  }
}
