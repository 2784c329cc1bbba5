import EpollLoop

/// One run: makes the timers, and has those that fire move and cancel others.
final class Stress {
  /// How far a run is behind when what has not fired counts as lost.
  private static let patience = Duration.seconds(30)

  let options: Options
  let loop = EventLoop.current
  let ledger: Ledger
  var random: Random
  /// The tasks among the timers.
  var tasks: [Int: TaskHandle<Void>] = [:]
  /// The callbacks, by number; nil for a task.
  private var callbacks: [Scheduled?] = []
  /// Those that something is to cancel.
  private var victims: [Int] = []
  private let grid: Int64

  init(_ options: Options) {
    self.options = options
    ledger = Ledger(timers: options.timers, start: loop.now)
    random = Random(seed: options.seed)
    grid = max(1, options.spread / 64)
    callbacks.reserveCapacity(options.timers)
  }

  /// Runs to the end of all timers, beside busy streams.
  func run() async throws -> Report {
    let traffic = Traffic(options)
    let clock = Stopwatch()
    try await traffic.start()
    while callbacks.count < options.timers {
      makeBatch()
      await yield()
    }
    while ledger.outstanding > 0, ledger.violation == nil {
      let latest = Instant(nanoseconds: ledger.latestDeadline)
      if loop.now > latest + Stress.patience { break }
      try await sleep(until: max(latest, loop.now + .milliseconds(1)))
    }
    ledger.checkNoneIsLost()
    try await traffic.stop()
    if loop.census.timers > 0 { ledger.note("\(loop.census.timers) timers are left on the loop") }
    if let violation = ledger.violation ?? traffic.violation { throw Violation(description: violation) }
    return Report(options, ledger, nanoseconds: clock.nanoseconds, echoes: traffic.echoes)
  }

  /// A random deadline from now: some at once, many of them equal.
  func deadline() -> Int64 {
    let now = loop.now.nanoseconds
    let choice = random.next(below: 16)
    if choice == 0 { return now }
    let deadline = now + Int64(random.next(below: Int(options.spread) + 1))
    return choice < 8 ? (deadline + grid - 1) / grid * grid : deadline
  }

  private func makeBatch(isolation: isolated (any Actor)? = #isolation) {
    for timer in callbacks.count..<min(callbacks.count + 256, options.timers) {
      if random.next(below: 16) == 0 {
        callbacks.append(nil)
        startTask(timer)
      } else {
        let deadline = deadline()
        ledger.armed(timer, at: deadline)
        callbacks.append(loop.schedule(at: Instant(nanoseconds: deadline)) { [self] in fired(timer) })
      }
      if random.chance(options.cancelFraction) { victims.append(timer) }
      // Half of the victims while nothing has fired yet, the others by timers that fire.
      if !victims.isEmpty, random.chance(options.cancelFraction / 2) { cancelVictim() }
      if random.next(below: 8) == 0 { move(random.next(below: callbacks.count)) }
    }
    if options.cancelFraction == 1 { while !victims.isEmpty { cancelVictim() } }
  }

  /// A callback's call: now and then it cancels another, moves another, or starts itself again.
  private func fired(_ timer: Int) {
    ledger.fired(timer, at: loop.now, in: .exact)
    // One that has cancelled itself cannot be started again.
    if !victims.isEmpty, cancelVictim() == timer { return }
    switch random.next(below: 16) {
    case 0: start(timer)
    case 1, 2:
      // Neighbours were made together: many of them are due in this tick, and ready.
      move(min(timer + 1 + random.next(below: 3), callbacks.count - 1), from: timer)
    case 3, 4: move(random.next(below: callbacks.count), from: timer)
    default: break
    }
  }

  /// Starts a callback again in its own call.
  private func start(_ timer: Int) {
    let deadline = deadline()
    ledger.armed(timer, at: deadline)
    if callbacks[timer]?.reschedule(at: Instant(nanoseconds: deadline)) != true {
      ledger.note("timer \(timer) could not be started again in its own call")
    }
  }

  /// Moves a callback if it is pending, and sees to it that another one refuses.
  private func move(_ timer: Int, from caller: Int? = nil) {
    // In its own call one may be moved although it has fired: `start` does that.
    guard timer != caller, let callback = callbacks[timer] else { return }
    let deadline = deadline()
    let isPending = ledger.isPending(timer)
    if callback.reschedule(at: Instant(nanoseconds: deadline)) != isPending {
      ledger.note("timer \(timer) \(isPending ? "is pending and" : "is over and yet") could be moved: \(!isPending)")
    }
    if isPending { ledger.armed(timer, at: deadline) }
  }

  /// Cancels one of the victims; says which.
  @discardableResult
  private func cancelVictim() -> Int {
    let index = random.next(below: victims.count)
    victims.swapAt(index, victims.count - 1)
    let timer = victims.removeLast()
    if let callback = callbacks[timer] {
      callback.cancel()
      if ledger.isPending(timer) { ledger.cancelled(timer) }
    } else {
      cancelTask(timer)
    }
    return timer
  }
}

/// A violation of what the loop promises.
struct Violation: Error, CustomStringConvertible {
  let description: String
}
