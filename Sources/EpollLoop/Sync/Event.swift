/// A flag that tasks wait for: set once, or set and cleared again and again.
///
/// ```swift
/// let ready = Event()
/// spawn {
///   try await connect()
///   ready.set()
/// }
/// try await ready.wait()
/// ```
///
/// All on the thread of the loop on which it was made; another thread traps. The object itself may be held
/// anywhere.
public final class Event: Sendable {
  private final class State {
    var isSet = false
    var waiting: LazyWaitQueue

    init(_ core: LoopCore) {
      waiting = LazyWaitQueue(core)
    }
  }

  private let bound: LoopBound<State>

  /// Makes an event that is not set.
  ///
  /// - Precondition: An event loop runs on this thread.
  public init() {
    let core = LoopCore.current
    bound = LoopBound(State(core), core)
  }

  /// Whether it is set.
  public var isSet: Bool { bound.open("Event.isSet").isSet }

  /// How many tasks wait.
  ///
  /// - Complexity: O(n).
  public var waitingCount: Int { bound.open("Event.waitingCount").waiting.count }

  /// Sets the event, and wakes all who wait in the order in which they came.
  ///
  /// They run later. If it is set already, nothing happens.
  public func set() {
    let state = bound.open("Event.set")
    state.isSet = true
    state.waiting.wakeAll()
  }

  /// Clears the event: who waits from now on, waits for the next ``set()``.
  ///
  /// Those who were woken before go on all the same.
  public func clear() {
    bound.open("Event.clear").isSet = false
  }

  /// Waits until the event is set; returns at once if it is.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits. If the event is set, a cancelled
  ///   task goes on too.
  public func wait() async throws {
    let state = bound.open("Event.wait")
    let core = bound.core
    if state.isSet {
      if core.spend() { await core.giveWay() }
      return
    }
    let wake = await core.park(for: "an event") { state.waiting.append($0) }
    if wake == .cancelled { throw CancellationError() }
  }
}
