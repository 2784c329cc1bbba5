import Builtin

/// Creates tasks that are isolated to an actor and prefer a task executor.
///
/// `Task.init` gives the one or the other: with a preference its closure is isolated to nothing, and a preference that
/// the task sets itself (`withTaskExecutorPreference`) costs two hops, each a further turn. The builtin below is what
/// `Task.init` is made of.
@usableFromInline
enum TaskCreation {
  /// Starts a task that first runs on the executor of its closure's actor.
  ///
  /// - Parameters:
  ///   - executor: What it prefers for code without an actor, and its children with it.
  ///   - operation: What it does; isolated to the actor whose parameter it captures.
  @usableFromInline
  static func start(
    preferring executor: any TaskExecutor, isolation: isolated (any Actor)?,
    @_inheritActorContext _ operation: sending @escaping @isolated(any) () async throws -> Void
  ) {
    // SAFETY: an UnownedSerialExecutor is a Builtin.Executor and nothing else.
    let actor = Builtin.extractFunctionIsolation(operation).map {
      unsafeBitCast($0.unownedExecutor, to: Builtin.Executor.self)
    }
    // The flags of `Task.init`, Task.h of the runtime: copies task-locals, inherits priority, and is enqueued.
    let flags = 1 << 10 | 1 << 11 | 1 << 12
    _ = Builtin.createTask(
      flags: flags, initialSerialExecutor: actor, initialTaskExecutorConsuming: executor, operation: operation)
  }

  /// Starts a task without an actor on an executor that prefers nothing else; it copies the running task's task-locals.
  static func start(
    on executor: any TaskExecutor, _ operation: sending @escaping @isolated(any) () async throws -> Void
  ) {
    _ = Builtin.createTask(
      flags: 1 << 10 | 1 << 11 | 1 << 12, initialTaskExecutorConsuming: executor, operation: operation)
  }
}
