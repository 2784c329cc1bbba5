@testable import EpollLoop

/// What is behind a queue or a channel, as a model: items, and tickets of those who give and take.
///
/// Items are numbers; the last digit is an item's priority.
final class ToolboxExchange {
  enum Order: CaseIterable { case fifo, lifo, priority }

  let capacity: Int
  let order: Order
  private(set) var items: [Int] = []
  let takers = ToolboxLine()
  let givers = ToolboxLine()
  /// How many have been given so far.
  private(set) var accepted = 0
  private(set) var isClosed = false

  init(capacity: Int, _ order: Order) { (self.capacity, self.order) = (capacity, order) }

  func tryGive(_ item: Int) -> Bool {
    if takers.decideFirst(.done(item)) == nil {
      guard items.count < capacity else { return false }
      items.append(item)
    }
    accepted += 1
    return true
  }

  func give(_ ticket: ToolboxTicket) {
    if tryGive(ticket.size) { ticket.decide(.done(0)) } else { givers.append(ticket) }
  }

  func tryTake() -> Int? {
    guard let index = nextIndex else { return nextOffer() }
    let item = items.remove(at: index)
    if let offer = nextOffer() { items.append(offer) }
    return item
  }

  func take(_ ticket: ToolboxTicket) {
    if let item = tryTake() {
      ticket.decide(.done(item))
    } else if isClosed {
      ticket.decide(.refused)
    } else {
      takers.append(ticket)
    }
  }

  private var nextIndex: Int? {
    switch order {
    case .fifo: items.indices.first
    case .lifo: items.indices.last
    case .priority: items.indices.min { items[$0] % 10 < items[$1] % 10 }  // The first of equals.
    }
  }

  private func nextOffer() -> Int? {
    guard let ticket = givers.decideFirst(.done(0)) else { return nil }
    accepted += 1
    return ticket.size
  }

  func close() {
    isClosed = true
    givers.decideAll(.refused)
    takers.decideAll(.refused)
  }

  func drop() -> Int {
    defer { items = [] }
    return items.count
  }
}

/// A queue and its model.
final class ToolboxQueue {
  let queue: Queue<Int>
  private let model: ToolboxExchange
  private var finished = 0
  private let joiners = ToolboxLine()
  private let ledger: ToolboxLedger

  init(capacity: Int, _ order: ToolboxExchange.Order, _ ledger: ToolboxLedger) {
    let orders: [ToolboxExchange.Order: Queue<Int>.Order] =
      [.fifo: .fifo, .lifo: .lifo, .priority: .priority { $0 % 10 < $1 % 10 }]
    queue = Queue(capacity: capacity, order: orders[order] ?? .fifo)
    model = ToolboxExchange(capacity: capacity, order)
    self.ledger = ledger
  }

  func put(_ item: Int) async throws {
    let ticket = ledger.open(.put, size: item)
    if model.isClosed { ticket.decide(.refused) } else { model.give(ticket) }
    try await ledger.perform(ticket) {
      try await queue.put(item)
      return 0
    }
  }

  /// Takes an item, as `get` or as a loop does.
  ///
  /// - Returns: False if there is none any more.
  func get(byLoop: Bool) async throws -> Bool {
    let ticket = ledger.open(.get)
    model.take(ticket)
    return try await ledger.perform(ticket) {
      guard byLoop else { return try await queue.get() }
      var iterator = queue.makeAsyncIterator()
      return try await iterator.next()
    } != nil
  }

  func tryPut(_ item: Int) {
    do {
      let isPut = try queue.tryPut(item)
      ledger.check(!model.isClosed && isPut == model.tryGive(item), "tryPut said \(isPut)")
    } catch { ledger.check(model.isClosed, "tryPut said \(error)") }
    check()
  }

  /// Takes an item and is done with it, if that takes no waiting.
  func tryGet() {
    let expected = model.tryTake()
    do {
      let item = try queue.tryGet()
      ledger.check(item == expected, "tryGet said \(item ?? -1), not \(expected ?? -1)")
      if item != nil { taskDone() }
    } catch { ledger.check(model.isClosed && expected == nil, "tryGet said \(error)") }
    check()
  }

  func taskDone() {
    queue.taskDone()
    finish(1)
    check()
  }

  private func finish(_ count: Int) {
    finished += count
    if finished == model.accepted { joiners.decideAll(.done(0)) }
  }

  func join() async throws {
    let ticket = ledger.open(.join)
    if finished == model.accepted { ticket.decide(.done(0)) } else { joiners.append(ticket) }
    try await ledger.perform(ticket) {
      try await queue.join()
      return 0
    }
  }

  func shutdown(immediately: Bool) {
    queue.shutdown(immediately: immediately)
    model.close()
    if immediately { finish(model.drop()) }
    check()
  }

  func check() {
    ledger.check(
      queue.count == model.items.count && queue.unfinishedCount == model.accepted - finished,
      "a queue of \(queue.count) items, \(queue.unfinishedCount) unfinished, not \(model.items.count)")
    ledger.check(queue.count <= queue.capacity && queue.isShutDown == model.isClosed, "a queue is too full")
  }

  /// Sees that what is left is what should be.
  func checkEnd() {
    shutdown(immediately: false)
    while !model.items.isEmpty { tryGet() }
    tryGet()
    ledger.check(queue.unfinishedCount == 0, "\(queue.unfinishedCount) items were lost")
  }
}

/// A channel with several ends, and its model.
final class ToolboxChannel {
  private typealias Ends = (sender: Channel<Int>.Sender, receiver: Channel<Int>.Receiver)
  private var senders: [Channel<Int>.Sender]
  private var receivers: [Channel<Int>.Receiver]
  private let model: ToolboxExchange
  private var openSenders: Int
  private var openReceivers: Int
  private let ledger: ToolboxLedger

  init(capacity: Int, ends: Int, _ ledger: ToolboxLedger) {
    let (sender, receiver) = Channel<Int>.open(capacity: capacity)
    senders = [sender] + (1..<ends).map { _ in sender.clone() }
    receivers = [receiver] + (1..<ends).map { _ in receiver.clone() }
    (openSenders, openReceivers) = (ends, ends)
    model = ToolboxExchange(capacity: capacity, .fifo)
    self.ledger = ledger
  }

  var ends: Int { senders.count }

  func send(_ item: Int, by end: Int) async throws {
    let sender = senders[end]
    let ticket = ledger.open(.send, size: item, owner: end)
    if sender.isClosed || openReceivers == 0 { ticket.decide(.refused) } else { model.give(ticket) }
    try await ledger.perform(ticket) {
      try await sender.send(item)
      return 0
    }
  }

  /// Sends by an end of its own, which closes as it is dropped.
  func sendByClone(_ item: Int, of end: Int) async throws {
    guard !senders[end].isClosed else { return }
    let ticket = ledger.open(.send, size: item, owner: -1)
    if openReceivers == 0 { ticket.decide(.refused) } else { model.give(ticket) }
    openSenders += 1
    defer { closeSenderInModel(-1) }
    try await ledger.perform(ticket) {
      try await senders[end].clone().send(item)
      return 0
    }
  }

  func receive(by end: Int, byLoop: Bool) async throws {
    let receiver = receivers[end]
    let ticket = ledger.open(.receive, owner: end)
    if receiver.isClosed { ticket.decide(.refused) } else { model.take(ticket) }
    try await ledger.perform(ticket) {
      guard byLoop else { return try await receiver.receive() }
      var iterator = receiver.makeAsyncIterator()
      return try await iterator.next()
    }
  }

  func trySend(_ item: Int, by end: Int) {
    do {
      let isSent = try senders[end].trySend(item)
      ledger.check(isSent == model.tryGive(item), "trySend said \(isSent)")
    } catch { ledger.check(senders[end].isClosed || openReceivers == 0, "trySend said \(error)") }
    check()
  }

  func tryReceive(by end: Int) {
    do {
      let (item, expected) = (try receivers[end].tryReceive(), model.tryTake())
      ledger.check(item == expected, "tryReceive said \(item ?? -1), not \(expected ?? -1)")
    } catch { ledger.check(receivers[end].isClosed, "tryReceive said \(error)") }
    check()
  }

  func closeSender(_ end: Int) {
    if !senders[end].isClosed {
      senders[end].close()
      closeSenderInModel(end)
    }
    check()
  }

  private func closeSenderInModel(_ end: Int) {
    openSenders -= 1
    if end >= 0 { model.givers.decideAll(.refused) { $0.owner == end } }
    if openSenders == 0 { model.close() }
  }

  func closeReceiver(_ end: Int) {
    if !receivers[end].isClosed {
      receivers[end].close()
      openReceivers -= 1
      model.takers.decideAll(.refused) { $0.owner == end }
      if openReceivers == 0 {
        model.givers.decideAll(.refused)
        _ = model.drop()
      }
    }
    check()
  }

  func check() {
    let (ours, model) = (senders[0].statistics, model)
    ledger.check(ours.buffered == model.items.count, "a channel of \(ours.buffered) items, not \(model.items.count)")
    ledger.check(
      ours.waitingSenders == model.givers.tickets.count && ours.waitingReceivers == model.takers.tickets.count,
      "\(ours.waitingSenders) and \(ours.waitingReceivers) wait at a channel")
    ledger.check(
      ours.openSenders == openSenders && ours.openReceivers == openReceivers,
      "\(ours.openSenders) and \(ours.openReceivers) ends are open")
  }

  func windUp() {
    for end in senders.indices { closeSender(end) }
    for end in receivers.indices { closeReceiver(end) }
  }
}
