@testable import EpollLoop

/// A broadcast and its model: items are their own numbers.
final class ToolboxBroadcast {
  private let broadcast: Broadcast<Int>
  private var sent = 0
  private var subscribers = 0
  private let line = ToolboxLine()
  private let ledger: ToolboxLedger

  init(capacity: Int, _ ledger: ToolboxLedger) {
    broadcast = Broadcast(capacity: capacity)
    self.ledger = ledger
  }

  func send() {
    guard !broadcast.isClosed else { return }
    ledger.check(broadcast.send(sent) == subscribers, "a broadcast has not \(subscribers) subscribers")
    guard subscribers > 0 else { return }
    sent += 1
    line.decideAll(.done(0))
  }

  /// Subscribes, gets some items, and closes or drops the subscription.
  func follow(_ count: Int, closes: Bool, pausing pause: () async throws -> Void) async throws {
    subscribers += 1
    // In a function of its own: when that is over the subscription is gone.
    defer { subscribers -= 1 }
    try await get(count, closes: closes, pausing: pause)
  }

  private func get(_ count: Int, closes: Bool, pausing pause: () async throws -> Void) async throws {
    let subscription = broadcast.subscribe()
    var position = sent
    defer { if closes { subscription.close() } }
    for _ in 0..<count {
      try await next(subscription, &position)
      try await pause()
      let expected = max(0, min(broadcast.capacity, sent - position))
      ledger.check(subscription.count == expected, "\(subscription.count) items for a subscriber, not \(expected)")
    }
  }

  private func next(_ subscription: Broadcast<Int>.Subscription, _ position: inout Int) async throws {
    let ticket = ledger.open(.next)
    if position < sent {
      ticket.decide(.done(0))
    } else if broadcast.isClosed {
      ticket.decide(.refused)
    } else {
      line.append(ticket)
    }
    func expected(_ ticket: ToolboxTicket) -> ToolboxTicket.Fate {
      guard case .done = ticket.fate else { return ticket.fate }
      let missed = sent - broadcast.capacity - position
      position += max(missed, 1)
      return .done(missed > 0 ? -missed : position - 1)
    }
    try await ledger.perform(ticket, expected: expected) {
      do { return try await subscription.next() } catch let error as BroadcastLagged { return -error.count }
    }
  }

  func check() {
    ledger.check(broadcast.subscriberCount == subscribers, "\(broadcast.subscriberCount) subscribers")
  }

  func windUp() {
    broadcast.close()
    line.decideAll(.refused)
  }
}

/// A watch and its model: a value is the number of its version.
final class ToolboxWatch {
  private let watch = Watch(0)
  private var version = 0
  private var isClosed = false
  private let line = ToolboxLine()
  private let ledger: ToolboxLedger

  init(_ ledger: ToolboxLedger) { self.ledger = ledger }

  func set() {
    guard !isClosed else { return }
    version += 1
    watch.value = version
    line.decideAll(.done(0))
  }

  /// Waits for the next change.
  func changed() async throws {
    let ticket = ledger.open(.changed)
    if isClosed { ticket.decide(.refused) } else { line.append(ticket) }
    try await ledger.perform(ticket, expected: { $0.fate == .done(0) ? .done(version) : $0.fate }) {
      try await watch.changed()
    }
  }

  /// Watches for some values.
  func follow(_ count: Int, skippingPresent: Bool, pausing pause: () async throws -> Void) async throws {
    var watcher = watch.watcher(skippingPresent: skippingPresent)
    var seen = skippingPresent ? version : -1
    for _ in 0..<count {
      ledger.check(watcher.hasNext == (seen != version), "a watcher does not know whether it has a next value")
      let ticket = ledger.open(.watch)
      if seen != version {
        ticket.decide(.done(0))
      } else if isClosed {
        ticket.decide(.refused)
      } else {
        line.append(ticket)
      }
      let value = try await ledger.perform(ticket, expected: { $0.fate == .done(0) ? .done(version) : $0.fate }) {
        try await watcher.next()
      }
      if let value { seen = value }
      try await pause()
    }
  }

  func check() { ledger.check(watch.value == version && watch.isClosed == isClosed, "a watch is out of date") }

  func windUp() {
    isClosed = true
    watch.close()
    line.decideAll(.refused)
  }
}
