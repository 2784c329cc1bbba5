extension LoopCore {
  /// Waits until a waiter is woken without suspending its task, if nothing else is ready.
  ///
  /// The loop would look for news next, and it makes no difference who does. If the task does it before it
  /// suspends, and the news is for itself, it need not be put away and fetched again: some 700 of the
  /// 1,900 instructions that an echoed message took. What runs, and in which order, stays the same: if the news is
  /// for others, the task suspends after all and the tick goes on with what has come.
  ///
  /// Not where something else waits for this task to suspend: what a task without a record runs on top of
  /// (`Task.immediate`), the jobs of an actor that it holds, or those of an executor of somebody else's that
  /// runs them one after the other. Timed and shuffled turns take the ordinary way too, and so do those of a guest of
  /// Dispatch's main queue, which must not block it.
  ///
  /// - Parameter record: The address of the running task's record.
  /// - Returns: False if the task must suspend; then the waiter waits, or is woken, as before.
  @inline(__always)
  func waitInPlace(_ waiter: Waiter, _ record: UInt) -> Bool {
    guard ready.count == 0, record != 0, !isStopping else { return false }
    return lookInPlace(waiter)
  }

  @inline(never)
  private func lookInPlace(_ waiter: Waiter) -> Bool {
    guard shuffle == nil, slowTurns == nil, longestPoll != 0, holdsUpNobody else { return false }
    turnsSinceLook = 0
    repeat { look() } while ready.count == 0 && !isStopping
    guard ready.count > 0, ready.startsWithWaiter(waiter.slot) else { return false }
    // Its turn begins, as in step 2.
    _ = ready.removeFirst()
    statistics.turns &+= 1
    statistics.waitsInPlace &+= 1
    turnsSinceLook = 1
    budget = LoopCore.operationsPerTurn
    return true
  }

  /// Whether the running task holds no executor but this loop's.
  ///
  /// The runtime knows. What the code says does not suffice: Swift 6.3 calls a `nonisolated(nonsending)` function
  /// that was converted to a `@concurrent` one without leaving the caller's actor. What the main executor runs
  /// comes from this loop alone, whatever the task prefers.
  private var holdsUpNobody: Bool {
    let held = RunningTask.executor
    if held == serialExecutorIdentity { return true }
    guard held == 0 else { return false }
    let preferred = RunningTask.preferredExecutor
    // SAFETY: the first of an executor reference's two words is the executor's address.
    return preferred == 0 || preferred == taskExecutor.map { unsafeBitCast($0, to: (UInt, UInt).self).0 }
  }
}
