/// What a ``Semaphore`` and a ``ReadWriteLock`` consist of: the free permits, and the requests that wait for them in
/// FIFO order.
///
/// Permits go from hand to hand: whoever gives some back subtracts at once what the first in the queue
/// wants, and wakes it. So nobody can come in between, and a woken task never has to look again.
final class Permits {
  let core: LoopCore
  /// How many there are at the most, in hands and free; nil for no limit.
  @exclusivity(unchecked) private(set) var limit: Int?
  /// How many are free; less than zero if the limit has fallen below what is in hands.
  @exclusivity(unchecked) private(set) var free: Int
  @exclusivity(unchecked) private(set) var waiting: LazyWaitQueue
  /// How many permits a waiter wants, by its slot; missing if it is one.
  @exclusivity(unchecked) private var sizes: [UInt32: Int] = [:]

  init(_ core: LoopCore, free: Int, limit: Int?) {
    self.core = core
    self.free = free
    self.limit = limit
    waiting = LazyWaitQueue(core)
  }

  /// Takes permits, if they are free and nobody waits.
  @inline(__always)
  func take(_ count: Int) -> Bool {
    guard free >= count, waiting.isEmpty else { return false }
    free &-= count
    return true
  }

  /// Waits for permits, behind all who wait already.
  ///
  /// - Parameters:
  ///   - count: How many it wants.
  ///   - what: What the task waits for, for a list of tasks.
  /// - Throws: `CancellationError` if the task is cancelled first, and then it has taken none.
  nonisolated(nonsending) func wait(for count: Int, as what: StaticString = "permits of a semaphore") async throws {
    var ticket = Waiter.nobody
    let wake = await core.park(for: what) { waiter in
      ticket = waiter
      if count > 1 { sizes[waiter.slot] = count }
      waiting.append(waiter)
    }
    guard wake == .ready else {
      if count > 1 { sizes[ticket.slot] = nil }
      // It may have held up smaller requests behind it.
      handOver()
      throw CancellationError()
    }
  }

  /// Gives permits back, or adds some where there is no limit.
  @inline(__always)
  func give(_ count: Int) {
    precondition(
      limit.map { free <= $0 - count } ?? true,
      "A semaphore with a limit was given more permits back than were taken")
    free += count
    handOver()
  }

  /// Changes the limit, and the free permits with it.
  func resize(to limit: Int) {
    guard let old = self.limit else { preconditionFailure("Only a semaphore with a limit can be resized") }
    free += limit - old
    self.limit = limit
    handOver()
  }

  /// Hands free permits to those who wait, in their order and up to the first for whom they do not do.
  @inline(__always)
  private func handOver() {
    while let slot = waiting.first {
      let count = sizes.isEmpty ? 1 : sizes[slot] ?? 1
      guard free >= count else { return }
      free -= count
      if count > 1 { sizes[slot] = nil }
      waiting.wakeFirst()
    }
  }
}
