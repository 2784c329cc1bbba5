/// A point at which a fixed number of tasks wait for each other.
///
/// ```swift
/// let barrier = Barrier(parties: workers.count)
/// try await gather(over: workers) { worker in
///   for _ in 0..<rounds {
///     try await worker.step()
///     try await barrier.wait()
///   }
/// }
/// ```
///
/// When the last party has come, all go on, and the barrier is empty and ready for the next round at
/// that moment: a party that is quick to come back cannot be mistaken for one of the last round.
///
/// A party that is cancelled while it waits leaves, and does not break the barrier: the others wait on
/// until as many have come as are missing then. Whoever wants the others to give up calls ``abort()``.
///
/// All on the thread of the loop on which it was made; another thread traps. The object itself may be held
/// anywhere.
public final class Barrier: Sendable {
  /// How many tasks it takes to pass.
  public let parties: Int
  private let bound: LoopBound<Round>

  /// Makes an empty barrier.
  ///
  /// - Parameter parties: How many tasks it takes to pass; one or more.
  /// - Precondition: An event loop runs on this thread.
  public init(parties: Int) {
    precondition(parties > 0, "A barrier is for one party or more")
    self.parties = parties
    let core = LoopCore.current
    bound = LoopBound(Round(core, parties: parties), core)
  }

  /// Whether it was aborted, and not reset since.
  public var isBroken: Bool { bound.open("Barrier.isBroken").isBroken }

  /// How many parties wait.
  ///
  /// - Complexity: O(n).
  public var waitingCount: Int { bound.open("Barrier.waitingCount").waiting.count }

  /// Waits until all parties have come.
  ///
  /// - Returns: True for one party of each round, the last to come, which has not waited; false for the others.
  /// - Throws: ``BrokenBarrierError`` if the barrier is broken, or is aborted or reset meanwhile;
  ///   `CancellationError` if the task is cancelled while it waits, and then it does not count any more. A
  ///   cancelled task that comes last completes the round and goes on.
  @discardableResult
  public func wait() async throws -> Bool {
    try await bound.open("Barrier.wait").wait()
  }

  /// Breaks the barrier: those who wait, and those who come until ``reset()``, get a ``BrokenBarrierError``.
  public func abort() {
    bound.open("Barrier.abort").turnAway(isBroken: true)
  }

  /// Makes the barrier as it was at first; those who wait get a ``BrokenBarrierError``.
  public func reset() {
    bound.open("Barrier.reset").turnAway(isBroken: false)
  }
}

/// Thrown by a ``Barrier`` that was aborted or reset: not all parties have come.
public struct BrokenBarrierError: Error, Equatable {
  /// Makes the error.
  public init() {}
}

/// What stands behind a ``Barrier``: the round in which parties come.
private final class Round {
  private let core: LoopCore
  private let parties: Int
  private(set) var isBroken = false
  private(set) var waiting: LazyWaitQueue
  /// How many wait, or more: some may have left since, for whatever reason.
  private var arrived = 0

  init(_ core: LoopCore, parties: Int) {
    self.core = core
    self.parties = parties
    waiting = LazyWaitQueue(core)
  }

  nonisolated(nonsending) func wait() async throws -> Bool {
    if isBroken { throw BrokenBarrierError() }
    if isComplete() {
      waiting.wakeAll()
      if core.spend() { await core.giveWay() }
      return true
    }
    let wake = await core.park(for: "a barrier") {
      arrived += 1
      waiting.append($0)
    }
    switch wake {
    case .ready: return false
    case .closed: throw BrokenBarrierError()
    case .cancelled, .timedOut: throw CancellationError()
    }
  }

  func turnAway(isBroken: Bool) {
    self.isBroken = isBroken
    waiting.wakeAll(.closed)
  }

  /// Whether one more makes the round complete.
  private func isComplete() -> Bool {
    guard arrived == parties - 1 else { return false }
    // Those who left have not said so, the cancelled ones cannot: only now it matters how many are left.
    arrived = waiting.count
    return arrived == parties - 1
  }
}
