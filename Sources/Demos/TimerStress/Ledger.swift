import EpollLoop

/// What each timer should do and has done. It keeps the books and notes the first thing that is wrong.
final class Ledger {
  /// How far a timer has come.
  enum Phase: UInt8 {
    case unarmed
    case pending
    /// Its task was cancelled: it ends cancelled, or fires if it was ready before.
    case cancelling
    case fired
    case cancelled
  }

  /// Who fires in one exact order of (deadline, creation).
  enum Order: Int, CaseIterable {
    /// Callbacks and sleeping tasks run at the turn of their timer.
    case exact
    /// A `Task.sleep` needs turns of the runtime's own in between; they are in order among themselves.
    case taskSleep
    /// So does a timeout.
    case timeout
  }

  private struct Place {
    var deadline = Int64.min
    var creation = 0
  }

  private var phases: [Phase]
  private var places: [Place]
  /// The last one that fired in each order.
  private var last = [Place](repeating: Place(), count: Order.allCases.count)
  private var creations = 0
  private let start: Int64

  /// What was wrong first; nil if nothing is.
  private(set) var violation: String?
  private(set) var fired = 0
  private(set) var cancelled = 0
  private(set) var moved = 0
  /// How many can still fire.
  private(set) var outstanding: Int
  private(set) var latestDeadline = Int64.min
  /// How late each firing was, in nanoseconds.
  private(set) var lateness: [Int64] = []
  /// FNV-1a over the number and instant of each firing.
  private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325

  init(timers: Int, start: Instant) {
    phases = Array(repeating: .unarmed, count: timers)
    places = Array(repeating: Place(), count: timers)
    lateness.reserveCapacity(timers + timers / 8)
    outstanding = timers
    self.start = start.nanoseconds
  }

  /// Whether a timer waits, so that it can be moved or cancelled.
  func isPending(_ timer: Int) -> Bool { phases[timer] == .pending }

  /// A timer is armed for the first time, moved, or started again in its own call.
  func armed(_ timer: Int, at deadline: Int64) {
    switch phases[timer] {
    case .unarmed: break
    case .pending: moved += 1
    case .fired:
      moved += 1
      outstanding += 1
    case .cancelling, .cancelled: note("timer \(timer) was started after it was cancelled")
    }
    phases[timer] = .pending
    creations += 1
    places[timer] = Place(deadline: deadline, creation: creations)
    latestDeadline = max(latestDeadline, deadline)
  }

  /// A timer has fired; `order` is nil where nobody promises one.
  func fired(_ timer: Int, at now: Instant, in order: Order?) {
    let place = places[timer]
    if phases[timer] != .pending && phases[timer] != .cancelling {
      note("timer \(timer) fired while it was \(phases[timer])")
      return
    }
    let late = now.nanoseconds - place.deadline
    if late < 0 { note("timer \(timer) fired \(-late) ns early") }
    if let order { check(timer, in: order) }
    phases[timer] = .fired
    fired += 1
    outstanding -= 1
    lateness.append(late)
    add(UInt64(timer))
    add(UInt64(bitPattern: now.nanoseconds - start))
  }

  /// A deadline is never in the past when a timer is armed: so all that fire are in order, whenever armed.
  private func check(_ timer: Int, in order: Order) {
    let (place, before) = (places[timer], last[order.rawValue])
    if (place.deadline, place.creation) <= (before.deadline, before.creation) {
      note(
        "timer \(timer) fired out of order: deadline \(place.deadline), creation \(place.creation), after deadline"
          + " \(before.deadline), creation \(before.creation)")
    }
    last[order.rawValue] = place
  }

  /// A task is being cancelled. One that has not started never will.
  func cancelling(_ timer: Int) {
    switch phases[timer] {
    case .unarmed: cancelled(timer)
    case .pending: phases[timer] = .cancelling
    case .cancelling, .fired, .cancelled: break
    }
  }

  /// A timer will not fire any more.
  func cancelled(_ timer: Int) {
    if phases[timer] == .fired || phases[timer] == .cancelled {
      return note("timer \(timer) was cancelled while it was \(phases[timer])")
    }
    phases[timer] = .cancelled
    cancelled += 1
    outstanding -= 1
  }

  /// At the end: whoever has neither fired nor been cancelled is lost.
  func checkNoneIsLost() {
    guard outstanding != 0 else { return }
    let first = phases.firstIndex { $0 != .fired && $0 != .cancelled }
    note("\(outstanding) timers are lost, the first of them is \(first.map { "\($0)" } ?? "unknown")")
  }

  /// Notes what is wrong, if nothing was before.
  func note(_ problem: String) {
    if violation == nil { violation = problem }
  }

  private func add(_ word: UInt64) {
    for shift in stride(from: 0, to: 64, by: 8) {
      digest = (digest ^ (word >> UInt64(shift) & 0xFF)) &* 0x100_0000_01B3
    }
  }
}
