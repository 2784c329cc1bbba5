import Synchronization

/// The only part of a loop that other threads touch: work for it, and the bell that wakes it.
///
/// Work of one thread arrives in the order in which it was submitted. At most one `eventfd` write
/// happens for each time the loop sleeps.
final class Inbox: Sendable {
  /// Something that another thread wants the loop to do.
  enum Item {
    /// A job of the runtime for the executor of the loop's actor.
    case actorJob(UInt)
    /// A job of the runtime for the loop's task executor.
    case loopJob(UInt)
    /// A wait that is over, such as for a pool's thread, or whose task was cancelled elsewhere.
    case wake(Waiter, Wake)
    /// A wait queue that is gone, let go of by another thread.
    case release(sentinel: UInt32)
    /// A function to call.
    case call(@Sendable () -> Void)
    /// A function that wakes waiters; unlike a call it is never refused.
    case news(@Sendable () -> Void)
  }

  private struct State: ~Copyable {
    var items: [Item] = []
    /// The loop's run has ended: calls are refused.
    var isClosed = false
    /// A thread runs the loop.
    var isRunning = false
  }

  /// How the loop and its inbox stand, as one word that both sides change in one step.
  private enum Attention {
    /// The loop is awake and will look.
    static let awake: UInt8 = 0
    /// The loop sleeps, or is about to, or has not looked since: the next item must ring.
    static let asleep: UInt8 = 1
    /// There are items.
    static let mail: UInt8 = 2
  }

  private let attention = Atomic(Attention.awake)
  private let lock = ThreadLock()
  // SAFETY: only ever touched inside `lock.locked`.
  @exclusivity(unchecked) nonisolated(unsafe) private var state = State()
  /// Nil when the loop is gone: other threads may hold the inbox for longer.
  // SAFETY: it is closed when no thread rings it, and none ever will.
  @exclusivity(unchecked) nonisolated(unsafe) private var bell: WakeDescriptor?
  /// Whether the main queue wakes the loop, and not the bell.
  private let wakesByMainQueue = Atomic(false)
  /// How many threads are ringing it.
  private let ringing = Atomic(0)
  /// The bell's descriptor, to be watched by the loop.
  let bellNumber: Int32

  init() throws(Errno) {
    let bell = try WakeDescriptor()
    bellNumber = bell.number
    self.bell = consume bell
  }

  /// Hands an item over; from any thread.
  ///
  /// - Returns: False if the loop has ended and the item is a call; then it never runs.
  func submit(_ item: Item) -> Bool {
    Perturbation.point()
    let (isTaken, mustRing) = lock.locked { () -> (Bool, Bool) in
      if state.isClosed, case .call = item { return (false, false) }
      state.items.append(item)
      let before = attention.exchange(Attention.mail, ordering: .acquiringAndReleasing)
      guard before == Attention.asleep else { return (true, false) }
      ringing.add(1, ordering: .relaxed)
      return (true, true)
    }
    Perturbation.point()
    if mustRing { ring() }
    // Not under the lock: what was refused may end here, and what it has captured may use the inbox. And the
    // inbox not before the bell has rung: this may be its last reference.
    withExtendedLifetime(item) {}
    withExtendedLifetime(self) {}
    return isTaken
  }

  private func ring() {
    if !wakesByMainQueue.load(ordering: .acquiring) || !MainQueue.call(LoopCore.turnInMainQueue) { bell?.signal() }
    Perturbation.point()
    ringing.subtract(1, ordering: .releasing)
  }

  /// Has items wake the loop by a call in Dispatch's main queue, from the first one on: no thread runs the loop yet.
  func wakeByMainQueue() {
    wakesByMainQueue.store(true, ordering: .sequentiallyConsistent)
    attention.store(Attention.asleep, ordering: .sequentiallyConsistent)
  }

  /// Has items wake the loop by the bell again: a thread runs the loop.
  ///
  /// One that comes meanwhile may still use the main queue, which the loop watches.
  func wakeByBell() { wakesByMainQueue.store(false, ordering: .sequentiallyConsistent) }

  /// Gives a forked child a bell of its own.
  func replaceBell() throws(Errno) { try bell?.replace() }

  /// Whether the next item wakes the loop: there was none when it last looked.
  var isAsleep: Bool { attention.load(ordering: .acquiring) == Attention.asleep }

  /// Closes the bell: the loop is gone, and will not sleep again.
  func end() {
    lock.locked { attention.store(Attention.awake, ordering: .relaxed) }
    // A thread that woke the loop for the last time may still be in its write(2).
    while ringing.load(ordering: .acquiring) > 0 { Thread.giveWay() }
    bell = nil
  }

  /// Hands over a function that wakes waiters; if the loop's run has ended, the next one calls it.
  func submit(_ news: @escaping @Sendable () -> Void) {
    _ = submit(.news(news))
  }

  /// How many items an empty batch may have room for: the storage of a burst of more is freed.
  private static let keptCapacity = 4096

  /// Empties a batch whose items have been taken in; its storage is used for later ones.
  @inline(__always)
  static func clear(_ batch: inout [Item]) {
    if batch.capacity > keptCapacity { batch = [] } else { batch.removeAll(keepingCapacity: true) }
  }

  /// Takes all items, and says in the same step whether the loop may sleep now.
  ///
  /// - Parameters:
  ///   - batch: Receives the items; must be empty, and its storage is used for the next ones.
  ///   - idle: Whether the loop would sleep if there is nothing.
  /// - Returns: True if it may: whoever submits from now on rings.
  @inline(__always)
  func take(into batch: inout [Item], idle: Bool) -> Bool {
    switch attention.load(ordering: .acquiring) {
    case Attention.mail:
      break
    case Attention.asleep:
      // Still so from the last time: whoever submits rings.
      return idle
    default:
      guard idle else { return false }
      let (isAsleep, _) = attention.compareExchange(
        expected: Attention.awake, desired: Attention.asleep, ordering: .acquiringAndReleasing)
      if isAsleep { return true }
    }
    takeMail(into: &batch)
    return false
  }

  /// Takes what is there, behind what has been taken before.
  func takeRest(_ items: inout [Item]) {
    var mail: [Item] = []
    takeMail(into: &mail)
    items += mail
  }

  private func takeMail(into batch: inout [Item]) {
    lock.locked {
      swap(&batch, &state.items)
      attention.store(Attention.awake, ordering: .releasing)
    }
  }

  /// Takes calls from now on, for a run that begins.
  ///
  /// - Returns: False if a thread runs the loop already.
  func open() -> Bool {
    lock.locked {
      guard !state.isRunning else { return false }
      state.isRunning = true
      state.isClosed = false
      return true
    }
  }

  /// Whether there is nothing to take.
  var isEmpty: Bool { lock.locked { state.items.isEmpty } }

  /// Whether a thread runs the loop.
  var isRunning: Bool { lock.locked { state.isRunning } }

  /// Refuses calls from now on: the run ends.
  func refuseCalls() {
    lock.locked { state.isClosed = true }
  }

  /// Says that no thread runs the loop any more, unless something has come.
  ///
  /// - Returns: False if there are items: they are to be taken in first.
  func closeIfEmpty() -> Bool {
    lock.locked {
      guard state.items.isEmpty else { return false }
      state.isRunning = false
      return true
    }
  }

  /// Does something to the loop's state: on its thread while a run is under way, else here and now, since no thread has
  /// the loop.
  ///
  /// - Parameter body: What to do, without the thread's check. It calls no user code and submits nothing.
  func perform(_ body: @escaping @Sendable () -> Void) {
    let isDone = lock.locked { () -> Bool in
      if !state.isRunning { body() }
      return !state.isRunning
    }
    if !isDone { submit(body) }
  }
}
