@testable import EpollLoop

/// What a task of a random program does, for the trace and for the counts.
enum ToolboxAct: Int, CaseIterable {
  case acquire, consume, lock, event, barrier, condition
  case put, get, join, send, receive, next, watch, changed
  case sleep, yield, timeout, gather, race, stagger, shield, scope, start, wait, completed, retry, group
  case call, cancel, await, begin, end

  /// What cannot be cancelled, or is not told of it.
  static let unending: Set<ToolboxAct> = [.yield, .shield, .group, .call, .cancel, .await, .begin, .end]
  /// What can be refused, or fail.
  static let refusing: Set<ToolboxAct> = [
    .barrier, .put, .get, .send, .receive, .next, .watch, .changed, .timeout, .gather, .race, .stagger, .shield, .scope,
    .start, .retry, .group, .await,
  ]
}

/// One operation of a task on an object, and what the object's model says has become of it.
// SAFETY: whoever cancels a task does it on the one loop's thread.
final class ToolboxTicket: @unchecked Sendable {
  enum Fate: Hashable {
    case waits
    /// It has got what it wanted; a number says which.
    case done(Int)
    /// What it wanted was closed.
    case refused
    case cancelled
  }

  let act: ToolboxAct
  let number: Int
  /// How many permits it wants, or which item it brings.
  let size: Int
  /// On whose behalf it waits.
  let owner: Int
  private(set) var fate = Fate.waits
  /// When that was decided: time does not move until it has gone on.
  private(set) var decision: Instant?
  private(set) var isCancelled: Bool
  /// Where it waits.
  fileprivate var line: ToolboxLine?

  fileprivate init(_ act: ToolboxAct, number: Int, size: Int, owner: Int) {
    self.act = act
    self.number = number
    self.size = size
    self.owner = owner
    isCancelled = Task.isCancelled
  }

  func decide(_ fate: Fate) {
    self.fate = fate
    decision = EventLoop.current.now
  }

  /// Its task was cancelled: if nothing was decided before, that is what becomes of it.
  func cancel() {
    guard !isCancelled else { return }
    isCancelled = true
    guard let line else { return }
    line.remove(self)
    decide(.cancelled)
  }
}

/// Operations that wait, in their order.
final class ToolboxLine {
  private(set) var tickets: [ToolboxTicket] = []

  /// Puts one last; if its task is cancelled already, it does not wait.
  func append(_ ticket: ToolboxTicket) {
    if ticket.isCancelled { return ticket.decide(.cancelled) }
    ticket.line = self
    tickets.append(ticket)
  }

  /// Decides the first one.
  ///
  /// - Returns: Nil if none waits.
  @discardableResult
  func decideFirst(_ fate: ToolboxTicket.Fate) -> ToolboxTicket? {
    guard let ticket = tickets.first else { return nil }
    tickets.removeFirst()
    ticket.line = nil
    ticket.decide(fate)
    return ticket
  }

  func decideAll(_ fate: ToolboxTicket.Fate, where isMeant: (ToolboxTicket) -> Bool = { _ in true }) {
    for ticket in tickets where isMeant(ticket) {
      remove(ticket)
      ticket.decide(fate)
    }
  }

  fileprivate func remove(_ ticket: ToolboxTicket) {
    tickets.removeAll { $0 === ticket }
    ticket.line = nil
  }
}

/// All that happens in a random program, as one number, and what of it is against the rules.
final class ToolboxLedger {
  /// Of everything that has happened, in its order.
  private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
  private(set) var violations: [String] = []
  /// How often each act was done, refused and cancelled.
  private(set) var counts = [[Int]](repeating: [0, 0, 0], count: ToolboxAct.allCases.count)
  /// Everything in words, if that is wanted.
  private(set) var lines: [String] = []
  private let isTold: Bool
  private var pending: [Int: ToolboxTicket] = [:]
  private var tickets = 0

  init(isTold: Bool) { self.isTold = isTold }

  func open(_ act: ToolboxAct, size: Int = 0, owner: Int = 0) -> ToolboxTicket {
    tickets += 1
    let ticket = ToolboxTicket(act, number: tickets, size: size, owner: owner)
    pending[ticket.number] = ticket
    if isTold { tell("\(ticket.act) \(ticket.number) begins, size \(size)") }
    return ticket
  }

  /// Compares what an operation has come to with what should have become of it.
  func close(
    _ ticket: ToolboxTicket, _ fate: ToolboxTicket.Fate, expected: ToolboxTicket.Fate? = nil, isPunctual: Bool = true
  ) {
    pending[ticket.number] = nil
    // A sleep that comes to its end is in line still.
    ticket.line?.remove(ticket)
    let expected = expected ?? ticket.fate
    check(fate == expected, "\(ticket.act) \(ticket.number) came to \(fate), not \(expected)")
    check(
      !isPunctual || ticket.decision == nil || ticket.decision == EventLoop.current.now,
      "\(ticket.act) \(ticket.number) was decided at \(ticket.decision?.nanoseconds ?? 0) and has gone on only now")
    switch fate {
    case .waits: break
    case .done(let value): note(ticket.act, 0, ticket.number, value)
    case .refused: note(ticket.act, 1, ticket.number)
    case .cancelled: note(ticket.act, 2, ticket.number)
    }
  }

  /// Does an operation whose ticket has been shown to its model.
  ///
  /// - Parameters:
  ///   - expected: What should have become of it, asked when it has ended.
  ///   - body: The operation; nil if it was refused.
  /// - Returns: Its value; nil if it was refused.
  @discardableResult
  func perform(
    _ ticket: ToolboxTicket, expected: (ToolboxTicket) -> ToolboxTicket.Fate = { $0.fate },
    _ body: () async throws -> Int?
  ) async throws -> Int? {
    do {
      let value = try await withCancellationHandler(body) { ticket.cancel() }
      close(ticket, value.map { .done($0) } ?? .refused, expected: expected(ticket))
      return value
    } catch is CancellationError {
      close(ticket, .cancelled, expected: expected(ticket))
      throw CancellationError()
    } catch  where error is ClosedError || error is ChannelError || error is BrokenBarrierError {
      close(ticket, .refused, expected: expected(ticket))
      return nil
    }
  }

  /// Adds something to the trace: how an act went (0 well, 1 refused, 2 cancelled), and two numbers.
  func note(_ act: ToolboxAct, _ way: Int = 0, _ number: Int = 0, _ value: Int = 0) {
    counts[act.rawValue][way] += 1
    mix(UInt64(bitPattern: EventLoop.current.now.nanoseconds))
    mix(UInt64(act.rawValue * 4 + way))
    mix(UInt64(truncatingIfNeeded: number))
    mix(UInt64(truncatingIfNeeded: value))
    if isTold { tell("\(act) \(number) ends: \(["well", "refused", "cancelled"][way]) \(value)") }
  }

  /// Notes a violation unless something holds.
  func check(_ holds: Bool, _ rule: @autoclosure () -> String) {
    if holds { return }
    violations.append("at \(EventLoop.current.now.nanoseconds) ns: \(rule())")
    if isTold { tell("VIOLATION: \(rule())") }
  }

  /// At an instant at which nothing is ready: who could have gone on has. Conditions see to themselves.
  func checkQuiet() {
    for ticket in pending.values.sorted(by: { $0.number < $1.number })
    where ticket.decision != nil && ticket.act != .condition {
      check(false, "\(ticket.act) \(ticket.number) waits although it has come to \(ticket.fate)")
    }
  }

  /// What has begun and not ended, in words.
  var waits: String {
    pending.values.sorted { $0.number < $1.number }.map { "\($0.act) \($0.number) \($0.fate)" }.joined(separator: ", ")
  }

  private func mix(_ value: UInt64) {
    digest = (digest ^ value) &* 0x9E37_79B9_7F4A_7C15
    digest ^= digest >> 29
  }

  private func tell(_ line: String) {
    lines.append("\(Double(EventLoop.current.now.nanoseconds) / 1e6) ms: \(line)")
  }
}
