/// The actors whose code waits on an event loop now, each with its loop.
///
/// An actor's code runs on whichever thread holds the actor. If two loops held waits of one actor, the thread that
/// lets go of the actor would run the other loop's task, or would not, by timing. The second loop's wait traps, always.
enum ActorWaits {
  /// The waits of one actor's code.
  struct Waits {
    /// The number of the loop that they are on.
    let loop: UInt64
    /// The number of waits that have begun and not ended.
    var count = 1
  }

  private static let lock = ThreadLock()
  // SAFETY: read and written inside `lock` only.
  nonisolated(unsafe) private static var waits: [UInt: Waits] = [:]

  /// Records that a wait of an actor's code begins.
  ///
  /// - Returns: False if a wait of this actor's code has not ended on another loop.
  static func begin(_ actor: UInt, on loop: UInt64) -> Bool {
    lock.locked {
      guard let before = waits[actor] else {
        waits[actor] = Waits(loop: loop)
        return true
      }
      waits[actor]?.count += 1
      return before.loop == loop
    }
  }

  /// Records that a wait has ended.
  static func end(_ actor: UInt) {
    lock.locked {
      guard let before = waits[actor] else { return }
      waits[actor] = before.count > 1 ? Waits(loop: before.loop, count: before.count - 1) : nil
    }
  }
}

extension LoopCore {
  /// Records that the running task waits, if it does so in the code of an actor that other threads may use too.
  ///
  /// Traps if a wait of that actor's code has not ended on another loop.
  ///
  /// - Returns: What to give ``endActorWait(_:)`` when the wait has ended; 0 if nothing was recorded.
  @inline(__always)
  func beginActorWait() -> UInt {
    // A job on the executor of the loop's actor cannot hold another: the runtime suspends it to enter one.
    currentHome == .actor ? 0 : recordActorWait()
  }

  /// Records that a wait has ended.
  @inline(__always)
  func endActorWait(_ actor: UInt) {
    if actor != 0 { ActorWaits.end(actor) }
  }

  @inline(never)
  private func recordActorWait() -> UInt {
    let held = RunningTask.executor
    if held == 0 || held == serialExecutorIdentity { return 0 }
    precondition(ActorWaits.begin(held, on: number), LoopCore.actorWaitsElsewhere)
    return held
  }

  /// The address of the executor of the loop's actor, as the runtime names it; 0 without one.
  var serialExecutorIdentity: UInt {
    // SAFETY: the first of an executor reference's two words is the executor's address.
    serialExecutor.map { unsafeBitCast($0, to: (UInt, UInt).self).0 } ?? 0
  }

  private static var actorWaitsElsewhere: String {
    """
    The code of one actor waits on two event loops at once. Let its code wait on one loop only, or give each loop \
    an actor of its own; an actor whose code does not wait on a loop may be shared by any number of loops
    """
  }
}
