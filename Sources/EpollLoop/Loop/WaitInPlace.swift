extension LoopCore {
  /// Waits until a waiter is woken without suspending its task, if nothing else is ready.
  ///
  /// The loop would look for news next, and it makes no difference who does. If the task does it before it
  /// suspends, and the news is for itself, it need not be put away and fetched again: some 800 of the
  /// 1,900 instructions that an echoed message took. What runs, and in which order, stays the same: if the news is
  /// for others, the task suspends after all and the tick goes on with what has come.
  ///
  /// Only the task whose turn this is: one that runs on top of it (`Task.immediate`, an executor that runs jobs at
  /// once) would keep it waiting too. And only if it holds no actor but the main one: other threads' jobs for the
  /// actor would wait with it. Timed and shuffled turns take the ordinary way.
  ///
  /// - Parameters:
  ///   - record: The address of the running task's record.
  ///   - isolation: Where the task is.
  /// - Returns: False if the task must suspend; then the waiter waits, or is woken, as before.
  @inline(__always)
  func waitInPlace(_ waiter: Waiter, _ record: UInt, _ isolation: (any Actor)?) -> Bool {
    guard ready.count == 0, record != 0, record == currentRecord, !isStopping else { return false }
    if let isolation, UInt(bitPattern: ObjectIdentifier(isolation)) != mainActor { return false }
    return lookInPlace(waiter)
  }

  @inline(never)
  private func lookInPlace(_ waiter: Waiter) -> Bool {
    guard shuffle == nil, slowTurns == nil else { return false }
    turnsSinceLook = 0
    repeat { look() } while ready.count == 0
    guard ready.startsWithWaiter(waiter.slot) else { return false }
    // Its turn begins, as in step 2.
    _ = ready.removeFirst()
    statistics.turns &+= 1
    statistics.waitsInPlace &+= 1
    turnsSinceLook = 1
    budget = LoopCore.operationsPerTurn
    return true
  }
}
