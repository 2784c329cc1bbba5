/// The tokens of a ``RateLimiter``, and the requests that wait for them in FIFO order.
///
/// The first waiter alone has a timer. When it goes on, it takes its tokens and sets the timer of the next: a wait
/// costs what a sleep does. Requests that come between the timer and that moment queue up.
final class TokenBucket {
  let core: LoopCore
  // A token is `period` units, and each nanosecond adds `rate` units: whole numbers, whatever the two are.
  private let period: Int128
  private let rate: Int128
  private let capacity: Int128
  @exclusivity(unchecked) private var level: Int128
  /// When `level` was computed, in nanoseconds.
  @exclusivity(unchecked) private var updated: Int64
  /// The number of requests that wait, or have been woken and have not gone on.
  @exclusivity(unchecked) private var requests = 0
  @exclusivity(unchecked) private var waiting: LazyWaitQueue
  /// The waiter that has the timer, until its task goes on: its tokens are not for others meanwhile.
  @exclusivity(unchecked) private var timed = Waiter.nobody
  /// How many tokens a waiter wants, by its slot; missing if it is one.
  @exclusivity(unchecked) private var sizes: [UInt32: Int] = [:]

  init(_ core: LoopCore, count: Int, period: Int64, burst: Int) {
    self.core = core
    self.period = Int128(period)
    rate = Int128(count)
    capacity = self.period * Int128(burst)
    level = capacity
    updated = core.now.nanoseconds
    waiting = LazyWaitQueue(core)
  }

  /// The number of whole tokens that can be taken.
  var available: Int {
    guard requests == 0 else { return 0 }
    refill()
    return Int(level / period)
  }

  /// The number of requests that wait. O(n).
  var waitingCount: Int { waiting.count }

  /// Takes tokens if there are enough and no request waits.
  func take(_ count: Int) -> Bool {
    guard requests == 0 else { return false }
    refill()
    let wanted = Int128(count) * period
    guard level >= wanted else { return false }
    level -= wanted
    return true
  }

  /// Waits for tokens behind all requests that wait already.
  ///
  /// - Throws: `CancellationError` if the task is cancelled first; then it has taken none.
  nonisolated(nonsending) func wait(for count: Int) async throws {
    requests += 1
    var ticket = Waiter.nobody
    let wake = await core.park(for: "a rate limit") { waiter in
      ticket = waiter
      if count > 1 { sizes[waiter.slot] = count }
      waiting.append(waiter)
      if requests == 1 { setTimer(waiter, count) }
    }
    requests -= 1
    if timed == ticket { timed = .nobody }
    if count > 1, wake != .ready { sizes[ticket.slot] = nil }
    if wake == .timedOut {
      refill()
      level -= Int128(count) * period
    }
    serve()
    if wake == .cancelled { throw CancellationError() }
  }

  /// Gives the first waiters the tokens that are there, and sets the timer of the next.
  private func serve() {
    guard timed == .nobody, !waiting.isEmpty else { return }
    refill()
    while let slot = waiting.first {
      let count = sizes.isEmpty ? 1 : sizes[slot] ?? 1
      guard level >= Int128(count) * period else {
        let waiter = Waiter(slot: slot, generation: core.waiters.slots[Int(slot)].generation)
        return setTimer(waiter, count)
      }
      level -= Int128(count) * period
      if count > 1 { sizes[slot] = nil }
      waiting.wakeFirst()
    }
  }

  /// Wakes the first waiter when there are tokens enough for it; `level` is that of `updated`.
  private func setTimer(_ waiter: Waiter, _ count: Int) {
    timed = waiter
    let missing = max(0, Int128(count) * period - level)
    let delay = (missing + rate - 1) / rate
    core.scheduleNew(waiter, at: Instant(nanoseconds: Int64(clamping: Int128(updated) + delay)))
  }

  /// Adds the tokens of the time that has passed, up to the capacity.
  private func refill() {
    let now = core.now.nanoseconds
    level = min(capacity, level + Int128(now - updated) * rate)
    updated = now
  }
}
