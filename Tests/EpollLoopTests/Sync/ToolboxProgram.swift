@testable import EpollLoop

/// A random program of many tasks on shared objects, each object with a model beside it.
///
/// Every choice comes from the program's seed: the same seed is the same program. It ends by itself: all of its own times are whole milliseconds and short; long after the last of them it is wound up, and
/// whatever still waits is let go. A virtual loop on which nothing is ready and no timer is pending would wait for
/// the kernel for ever, so that an alarm, far in the future, stands for what nobody will ever wake.
// SAFETY: everything happens on one loop's thread.
final class ToolboxProgram: @unchecked Sendable {
  let ledger: ToolboxLedger
  let semaphores: [ToolboxSemaphore]
  let counter: ToolboxSemaphore
  let locks: [ToolboxLock]
  let condition: ToolboxCondition
  let events: [ToolboxEvent]
  let barriers: [ToolboxBarrier]
  let queues: [ToolboxQueue]
  let channels: [ToolboxChannel]
  let broadcast: ToolboxBroadcast
  let watch: ToolboxWatch
  /// All tasks that were spawned: the program awaits each of them.
  var handles: [TaskHandle<Int>] = []
  var calls: [ToolboxCall] = []
  private(set) var isWoundUp = false
  private var random: Shuffle
  private var items = 0
  private var last: TaskHandle<Void>?
  private var alarms: [Scheduled] = []

  /// When the program is wound up; no sum of its own waits comes close.
  private static let end = Instant(nanoseconds: 1_000_000_000_000)

  /// Makes the objects of a seed's program; on the loop.
  init(seed: UInt64, isTold: Bool = false) {
    // The scheduler takes its order from the same seed.
    var random = Shuffle(seed: seed ^ 0x5DEE_CE66_D1CE_4E5B)
    func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
    let ledger = ToolboxLedger(isTold: isTold)
    self.ledger = ledger
    semaphores = (1...2).map { ToolboxSemaphore(number(0...4), isBounded: true, rank: $0, ledger) }
    counter = ToolboxSemaphore(number(0...2), isBounded: false, rank: 0, ledger)
    locks = (3...4).map { ToolboxLock(rank: $0, ledger) }
    condition = ToolboxCondition(rank: 5, ledger)
    events = (0..<2).map { _ in ToolboxEvent(ledger) }
    barriers = [ToolboxBarrier(parties: number(1...3), ledger), ToolboxBarrier(parties: number(2...5), ledger)]
    let orders = ToolboxExchange.Order.allCases
    queues = orders.map { ToolboxQueue(capacity: [1, 2, 3, .max][number(0...3)], $0, ledger) }
    channels = [0, number(1...3)].map { ToolboxChannel(capacity: $0, ends: number(1...3), ledger) }
    broadcast = ToolboxBroadcast(capacity: number(1...3), ledger)
    watch = ToolboxWatch(ledger)
    self.random = random
  }

  /// Runs it to its end.
  func run() async throws {
    setAlarms()
    let count = Int.random(in: 10...40, using: &random)
    for worker in 0..<count { start(random.next(), ToolboxPlace(worker: worker, depth: 0, rank: 0)) }
    var next = 0
    while next < handles.count {
      do { _ = try await handles[next].value } catch {}
      next += 1
    }
    try await last?.value
    for alarm in alarms { alarm.cancel() }
    for call in calls { call.cancel() }
    // What was woken before it was cancelled still has its turn.
    await yield()
    checkEnd()
  }

  /// Spawns a task that the program awaits.
  @discardableResult
  func start(
    _ seed: UInt64, _ place: ToolboxPlace, isolation: isolated (any Actor)? = #isolation
  ) -> TaskHandle<Int> {
    let group = ToolboxGroup(ledger)
    let handle = spawn { try await self.body(seed, place, in: group) }
    handles.append(handle)
    return handle
  }

  /// An item of its own, with a priority.
  func nextItem(_ random: inout Shuffle) -> Int {
    items += 1
    return items * 10 + Int.random(in: 0..<4, using: &random)
  }

  // MARK: time

  private func setAlarms(isolation: isolated (any Actor)? = #isolation) {
    let loop = EventLoop.current
    // One nanosecond after a whole millisecond nothing of the program's own is ready.
    for time in [1, 3, 7, 12, 20, 33, 60, 120] as [Int64] {
      alarms.append(loop.schedule(at: Instant(nanoseconds: time * 1_000_000 + 1)) { [self] in checkQuiet() })
    }
    alarms.append(
      loop.schedule(at: Self.end) {
        self.checkQuiet()
        self.windUp(isolation: isolation)
      })
    alarms.append(
      loop.schedule(at: Self.end + .seconds(1000)) { [self] in
        ledger.check(false, "nothing goes on any more: \(ledger.waits); \(loop.tasks)")
        for handle in handles { handle.cancel() }
      })
    // Those who wait through cancellation wait for ever.
    alarms.append(loop.schedule(at: Self.end + .seconds(2000)) { LoopCore.current.stop() })
  }

  private func windUp(isolation: isolated (any Actor)? = #isolation) {
    isWoundUp = true
    for semaphore in semaphores { semaphore.windUp() }
    counter.windUp()
    for event in events { event.set() }
    for barrier in barriers { barrier.turnAway(isBroken: true) }
    for queue in queues { queue.shutdown(immediately: true) }
    for channel in channels { channel.windUp() }
    broadcast.windUp()
    watch.windUp()
    // Not one of those that are cancelled at random.
    last = spawn { try await self.condition.windUp() }
  }

  private func check() {
    for semaphore in semaphores + [counter] { semaphore.check() }
    for lock in locks { lock.check() }
    for event in events { event.check() }
    for barrier in barriers { barrier.check() }
    for queue in queues { queue.check() }
    for channel in channels { channel.check() }
    broadcast.check()
    watch.check()
  }

  /// Sees, at an instant at which nothing is ready, that this is right.
  private func checkQuiet() {
    check()
    ledger.checkQuiet()
    condition.checkQuiet()
  }

  /// Sees that everything is as it was at first.
  private func checkEnd() {
    checkQuiet()
    for semaphore in semaphores { semaphore.checkEnd() }
    for lock in locks { lock.checkEnd() }
    for queue in queues { queue.checkEnd() }
    ledger.check(ledger.waits.isEmpty, "waits at the end: \(ledger.waits)")
    for call in calls { call.checkEnd() }
    // The end of the run would take back callbacks that are left.
    let census = EventLoop.current.census
    ledger.check(census.tasks == 1 && census.waiters == 0 && census.timers == 0, "left over: \(census)")
  }
}

/// Where in a program a step stands.
struct ToolboxPlace {
  /// Which task it belongs to.
  let worker: Int
  /// In how many other operations it stands.
  let depth: Int
  /// The highest rank of what its task holds.
  let rank: Int

  func deeper(rank: Int? = nil) -> ToolboxPlace {
    ToolboxPlace(worker: worker, depth: depth + 1, rank: rank ?? self.rank)
  }
}

/// A callback and when it should be called.
final class ToolboxCall {
  private var handle: Scheduled?
  /// When it is called next; nil if it is not pending.
  private var due: Instant?
  private var isCancelled = false
  private let ledger: ToolboxLedger

  init(_ ledger: ToolboxLedger) { self.ledger = ledger }

  /// Has it called; `delays` are how long it then puts itself off each time.
  func schedule(
    after delay: Duration, delays: [Duration], isolation: isolated (any Actor)? = #isolation,
    _ body: @escaping () -> Void
  ) {
    let loop = EventLoop.current
    var delays = delays[...]
    due = max(loop.now, loop.now + delay)
    handle = loop.schedule(after: delay) { [weak self] in
      guard let self else { return }
      ledger.check(!isCancelled && due == loop.now, "a callback due at \(due?.nanoseconds ?? -1) is called")
      ledger.note(.call)
      due = nil
      body()
      if let next = delays.popFirst() { move(by: next, isOver: false) }
    }
  }

  /// Puts it off, if it is pending.
  func move(by delay: Duration, isOver: Bool? = nil) {
    let loop = EventLoop.current
    let isMoved = handle?.reschedule(after: delay) ?? false
    ledger.check(isMoved != (isOver ?? (due == nil)), "a callback was moved: \(isMoved)")
    if isMoved { due = max(loop.now, loop.now + delay) }
  }

  func cancel() {
    handle?.cancel()
    isCancelled = true
    due = nil
  }

  func checkEnd() { ledger.check(due == nil, "a callback was not called") }
}
