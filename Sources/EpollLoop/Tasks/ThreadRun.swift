/// A run of a loop on a thread of its own, whose main task is created in the calling task: it has that task's task-local
/// values and priority.
///
/// The calling task waits for the run's end.
// SAFETY: `start` creates a task and touches nothing of the loop; the loop's thread alone uses the rest.
package final class ThreadRun<Success>: @unchecked Sendable {
  private let core: LoopCore
  private let actor: LoopActor
  private let list = TaskList()
  private let main: Child<Success>
  private let body: @Sendable (isolated LoopActor) async throws -> sending Success

  /// - Parameters:
  ///   - loop: A loop that does not run.
  ///   - body: What to run, isolated to the loop's actor.
  package init(
    of loop: EventLoop, _ body: @escaping @Sendable (isolated LoopActor) async throws -> sending Success
  ) {
    core = loop.bound.unchecked
    actor = loop.actor
    main = Child(SpawnedTask(core, in: list, name: "main"))
    self.body = body
  }

  /// Creates the main task, on any thread; the loop's thread may be running already.
  package func start() {
    let (main, body) = (main, body)
    let create: (isolated LoopActor) -> Void = { loop in main.start(isolation: loop) { try await body(loop) } }
    // SAFETY: creating a task that is isolated to an actor touches nothing of that actor's.
    unsafeBitCast(create, to: ((LoopActor) -> Void).self)(actor)
  }

  /// Runs the loop on this thread until the main task and all spawned ones have ended.
  package func run() throws -> sending Success {
    // SAFETY: nothing of the run uses the value any more.
    nonisolated(unsafe) let value = try core.run(main, in: list)
    return value
  }
}

extension EventLoop {
  /// Runs `body` on this loop and a thread of its own, and suspends the caller.
  ///
  /// - Parameters:
  ///   - name: The thread's name.
  ///   - run: Called on the new thread; it calls ``ThreadRun/run()``.
  ///   - body: What to run.
  package func runOnThread<Success>(
    named name: String,
    around run: @escaping @Sendable (ThreadRun<Success>) throws -> sending Success = { try $0.run() },
    _ body: @escaping @Sendable (isolated LoopActor) async throws -> sending Success
  ) async throws -> sending Success {
    let threadRun = ThreadRun(of: self, body)
    return try await onThread(named: name, onCancel: { self.cancelRun() }, onStart: { threadRun.start() }) {
      try run(threadRun)
    }
  }
}
