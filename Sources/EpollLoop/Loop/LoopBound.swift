/// State that belongs to one loop's thread, in a wrapper that any thread may hold.
///
/// Opening it on another thread traps, in release builds too.
// SAFETY: `open` is the only way in, and it compares the thread's loop with the state's.
struct LoopBound<State>: @unchecked Sendable {
  private let state: State
  /// The loop; held, so that its address is never another's.
  private let core: LoopCore

  init(_ state: State, _ core: LoopCore) {
    self.state = state
    self.core = core
  }

  /// The state, on its loop's thread.
  ///
  /// - Parameter what: What the caller is about to do, for the message if this is another thread.
  @inline(__always)
  func open(_ what: StaticString) -> State {
    precondition(core.isCurrent, """
      '\(what)' belongs to another event loop's thread: carry the work over with loop.execute
      """)
    return state
  }

  /// The state, or nil on another thread.
  @inline(__always)
  func openIfCurrent() -> State? { core.isCurrent ? state : nil }

  /// The state, without a look at the thread: before the loop's first run, when nobody else has it.
  var unchecked: State { state }

  /// The other threads' way to the loop.
  var inbox: Inbox { core.inbox }
}
