/// The only part of a loop that other threads touch: work for it, and the bell that wakes it.
///
/// Work of one thread arrives in the order in which it was submitted. At most one `eventfd` write
/// happens for each time the loop sleeps.
final class Inbox: Sendable {
  /// Something that another thread wants the loop to do.
  enum Item {
    /// A job of the runtime for the main actor's executor.
    case mainJob(UInt)
    /// A job of the runtime for the loop's task executor.
    case loopJob(UInt)
    /// A wait that is over, such as for a pool's thread, or whose task was cancelled elsewhere.
    case wake(Waiter, Wake)
    /// A function to call.
    case call(@Sendable () -> Void)
  }

  private struct State: ~Copyable {
    var items: [Item] = []
    /// The loop sleeps or is about to: the next item must ring.
    var needsSignal = false
    /// The loop's run has ended: calls are refused.
    var isClosed = false
    /// A thread runs the loop.
    var isRunning = false
  }

  private let lock = Lock()
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private var state = State()
  private let bell: WakeDescriptor

  init() throws(Errno) {
    bell = try WakeDescriptor()
  }

  /// The bell's descriptor, to be watched by the loop.
  var bellNumber: Int32 { bell.number }

  /// Hands an item over; from any thread.
  ///
  /// - Returns: False if the loop has ended and the item is a call; then it never runs.
  func submit(_ item: Item) -> Bool {
    Perturbation.point()
    let (isTaken, mustRing) = lock.locked { () -> (Bool, Bool) in
      if state.isClosed, case .call = item { return (false, false) }
      state.items.append(item)
      return (true, takeSignal())
    }
    if mustRing { bell.signal() }
    return isTaken
  }

  /// Takes all items, and says in the same critical section whether the loop may sleep now.
  ///
  /// - Parameters:
  ///   - batch: Receives the items; must be empty, and its storage is used for the next ones.
  ///   - idle: Whether the loop would sleep if there is nothing.
  /// - Returns: True if it may: whoever submits from now on rings.
  func take(into batch: inout [Item], idle: Bool) -> Bool {
    lock.locked {
      guard state.items.isEmpty else {
        swap(&batch, &state.items)
        return false
      }
      state.needsSignal = idle
      return idle
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

  /// Refuses calls from now on: the run has ended. What was taken before waits for the next run.
  func close() {
    lock.locked {
      state.isRunning = false
      state.isClosed = true
    }
  }

  private func takeSignal() -> Bool {
    guard state.needsSignal else { return false }
    state.needsSignal = false
    return true
  }
}
