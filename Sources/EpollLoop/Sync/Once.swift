/// A value that is initialised once, by the first task that needs it; the others wait for it.
///
/// ```swift
/// let session = Once<Session>()
/// func query(_ text: String) async throws -> Answer {
///   try await session.get { try await connect() }.send(text)
/// }
/// ```
///
/// At most one initialisation runs at a time. One that fails or is cancelled throws to its own caller only, and the
/// waiter that came first after it tries with its own function: what Tokio's `OnceCell` does.
///
/// All on the thread of the loop on which it was created; another thread traps.
public final class Once<Value> {
  @exclusivity(unchecked) @usableFromInline var stored: Value?
  @usableFromInline let turns = OnceTurns()

  /// Creates one without a value.
  ///
  /// - Precondition: An event loop runs on this thread.
  @inlinable
  public init() {}

  /// The value; nil if it is not initialised yet.
  @inlinable public var value: Value? {
    turns.check("Once.value")
    return stored
  }

  /// Returns the value, initialising it if there is none.
  ///
  /// While another initialisation runs, it waits for that one.
  ///
  /// - Parameter initialize: Creates the value, in the calling task; not called if there is one.
  /// - Throws: The error of `initialize`, if it was this caller's turn; then there is still no value.
  ///   `CancellationError` if the task is cancelled while it waits. If there is a value, a cancelled task gets it
  ///   too.
  /// - Precondition: `initialize` does not call this function in the same task: it would wait for itself.
  @inlinable
  public func get(_ initialize: () async throws -> Value) async throws -> Value {
    turns.check("Once.get")
    if let stored {
      await turns.checkpoint()
      return stored
    }
    try await turns.begin()
    if let stored { return stored }
    do {
      let value = try await initialize()
      stored = value
      turns.succeed()
      return value
    } catch {
      turns.fail()
      throw error
    }
  }
}

/// Whose turn it is to initialise a ``Once``, and the tasks that wait for it.
@usableFromInline
final class OnceTurns {
  private enum State {
    case idle
    /// A task initialises it, or was woken to do so.
    case running
    case done
  }

  private let core = LoopCore.current
  @exclusivity(unchecked) private var state = State.idle
  /// The task that initialises it; 0 if it has not gone on yet.
  @exclusivity(unchecked) private var owner: UInt = 0
  @exclusivity(unchecked) private var waiting: LazyWaitQueue

  @usableFromInline
  init() {
    waiting = LazyWaitQueue(core)
  }

  /// Traps on another thread than the loop's.
  @usableFromInline
  func check(_ what: StaticString) {
    core.check(what)
  }

  /// Spends one operation of the running job's budget, and yields if it is used up.
  @usableFromInline
  nonisolated(nonsending) func checkpoint() async {
    if core.spend() { await core.giveWay() }
  }

  /// Waits until there is a value or it is the caller's turn to initialise it.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits.
  @usableFromInline
  nonisolated(nonsending) func begin() async throws {
    switch state {
    case .done: return
    case .idle: state = .running
    case .running:
      precondition(
        owner == 0 || owner != RunningTask.address,
        "The function that initialises a Once gets its value: it would wait for itself forever")
      let wake = await core.park(for: "a value to be initialised") { waiting.append($0) }
      if wake == .cancelled { throw CancellationError() }
    }
    owner = RunningTask.address
  }

  /// There is a value: wakes all waiters in FIFO order.
  @usableFromInline
  func succeed() {
    state = .done
    waiting.wakeAll()
  }

  /// There is no value: the first waiter is next.
  @usableFromInline
  func fail() {
    owner = 0
    if !waiting.wakeFirst() { state = .idle }
  }
}

// SAFETY: everything that touches its state first compares the thread's loop with that of its turns; the last reference
// may go on any thread, and takes a value along that may too.
extension Once: @unchecked Sendable where Value: Sendable {}
