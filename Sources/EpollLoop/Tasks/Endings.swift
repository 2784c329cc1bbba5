/// What has ended, as numbers in the order of the ends, for one task at a time that waits for it.
@usableFromInline
final class Endings {
  private let core = LoopCore.current
  /// What has ended and not been taken begins at `taken`; there are never more than are expected at once.
  @exclusivity(unchecked) private var ended: [Int] = []
  @exclusivity(unchecked) private var taken = 0
  /// How many are still to end.
  @exclusivity(unchecked) private(set) var expected = 0
  /// Who waits for the next one.
  @exclusivity(unchecked) private var waiter = Waiter.nobody
  @exclusivity(unchecked) private var isAwaited = false
  /// Callbacks that stand in the queues of tasks, to be taken back if nobody wants them any more.
  private var watches: [Waiter] = []

  @usableFromInline
  init() {}

  deinit {
    // Elsewhere the loop's run is over, and all callbacks with it.
    guard core.isCurrent else { return }
    for watch in watches { core.withdraw(watch) }
  }

  /// Whether nobody wants to know any more.
  @exclusivity(unchecked) @usableFromInline private(set) var isClosed = false

  /// How many have not been taken.
  @usableFromInline
  var count: Int { expected + ended.count - taken }

  /// Expects the end of what ``add(_:)`` will name.
  @usableFromInline
  func expect() {
    expected += 1
  }

  /// Says that what was expected has ended.
  @usableFromInline
  func add(_ number: Int) {
    guard !isClosed else { return }
    expected -= 1
    ended.append(number)
    core.wake(waiter, .ready)
  }

  /// Expects the end of a task, which goes on whatever happens to this object.
  @usableFromInline
  func watch(_ task: SpawnedTask, as number: Int) {
    expect()
    if task.isDone { return add(number) }
    let watch = core.add { [weak self] in self?.add(number) }
    watches.append(watch)
    task.wakeAtEnd(watch)
  }

  /// Forgets everything, now and from now on: who waits for the next one is told that there is none.
  @usableFromInline
  func close() {
    isClosed = true
    expected = 0
    ended.removeAll()
    taken = 0
    core.wake(waiter, .ready)
  }

  /// Waits for the next end.
  ///
  /// - Returns: Its number; nil if the deadline has come first, or if none is expected.
  /// - Throws: `CancellationError` if the waiting task is cancelled first.
  @usableFromInline
  nonisolated(nonsending) func next(until deadline: Instant = .distantFuture) async throws -> Int? {
    core.checkThread()
    precondition(!isAwaited, "One task at a time may wait for the next of some tasks to end")
    if taken < ended.count, core.spend() { await core.giveWay() }
    isAwaited = true
    defer { isAwaited = false }
    while taken == ended.count {
      guard expected > 0 else { return nil }
      let wake = await core.park(for: "the first of some tasks") { waiter in
        self.waiter = waiter
        core.schedule(waiter, at: deadline)
      }
      if wake == .cancelled { throw CancellationError() }
      if wake == .timedOut { return nil }
    }
    return takeFirst()
  }

  private func takeFirst() -> Int {
    let number = ended[taken]
    taken += 1
    if taken > 32, taken > ended.count / 2 {
      ended.removeFirst(taken)
      taken = 0
    }
    return number
  }
}
