/// The actor of an event loop: code that is isolated to it runs on that loop's thread.
///
/// The loop that owns the process has the main actor; every other loop has one of these. A loop's body is
/// isolated to its actor, and so is all that the body starts, so the compiler refuses to share what it holds with
/// other threads.
///
/// ```swift
/// try EventLoop().run { loop in
///   let counter = Counter()                    // not Sendable
///   spawn { counter.increment() }              // compiles: the same actor
///   Task.detached { counter.increment() }      // does not compile
///   Task { _ = loop; counter.increment() }     // compiles, and stays on the loop
/// }
/// ```
///
/// Outside of the loop's run, a call of isolated code waits until the loop runs again.
public actor LoopActor {
  private nonisolated let executor: LoopSerialExecutor
  /// The loop, as the executor of this actor's code.
  public nonisolated let unownedExecutor: UnownedSerialExecutor

  init(_ executor: LoopSerialExecutor) {
    self.executor = executor
    unownedExecutor = executor.asUnownedSerialExecutor()
  }

  /// The event loop whose actor this is.
  public nonisolated var eventLoop: EventLoop { executor.loop }
}

extension EventLoop {
  /// Traps where work that others would share with the caller is started outside of any actor.
  ///
  /// Without an actor the compiler cannot know that the work runs on the caller's thread, and lets its closure share
  /// objects with other threads.
  @inlinable
  @inline(__always)
  static func requireActor(_ isolation: (any Actor)?, _ what: StaticString) {
    if isolation == nil { refuseNoActor(what) }
  }

  @usableFromInline
  @inline(never)
  static func refuseNoActor(_ what: StaticString) -> Never {
    preconditionFailure(
      """
      '\(what)' was called by code that is isolated to no actor, so the compiler cannot keep what its closure uses \
      away from other threads. A synchronous function passes its caller's actor on by the parameter \
      'isolation: isolated (any Actor)? = #isolation'; an async one does if its package has the setting \
      .enableUpcomingFeature("NonisolatedNonsendingByDefault"). Closures that are synchronous, have a capture list or \
      are called by another module are isolated only if they use the actor: 'spawn(isolation: loop) { … }' in the body \
      of 'run { loop in … }', or spawn(over:) in place of map
      """)
  }
}
