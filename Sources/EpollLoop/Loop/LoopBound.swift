/// State that belongs to one loop's thread, in a wrapper that any thread may hold.
///
/// Opening it on another thread traps, in release builds too.
// SAFETY: `open` compares the thread's loop with the state's; `unchecked` says what stands in for it.
struct LoopBound<State>: @unchecked Sendable {
  /// The state, without a look at the thread: only after ``check(_:)``, or before the loop's first run.
  ///
  /// In hot code a stored property is borrowed where a function's result is retained.
  let unchecked: State
  /// The loop; held, so that its address is never another's.
  let core: LoopCore

  init(_ state: State, _ core: LoopCore) {
    unchecked = state
    self.core = core
  }

  /// Traps on another thread than the loop's.
  ///
  /// - Parameter what: What the caller is about to do, for the message.
  @inline(__always)
  func check(_ what: StaticString) {
    core.check(what)
  }

  /// The state, on its loop's thread.
  @inline(__always)
  func open(_ what: StaticString) -> State {
    check(what)
    return unchecked
  }

  /// The state, or nil on another thread.
  @inline(__always)
  func openIfCurrent() -> State? { core.isCurrent ? unchecked : nil }

  /// The other threads' way to the loop.
  var inbox: Inbox { core.inbox }
}
