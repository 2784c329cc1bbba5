/// A call on another thread that sees the task-local values of the task that submits it.
///
/// Swift keeps these values in tasks, and a pool's thread runs none. So a task of its own makes the call: it copies
/// the values when it is created, its executor keeps its job, and the pool's thread runs that job.
final class CallWithLocals: Sendable {
  /// What the task and its creator share.
  // SAFETY: used by the creator's thread before the call, and then by the thread that makes it.
  private final class Content: @unchecked Sendable {
    var work: (() throws -> Any)?
    var result: Result<Any, any Error>?
  }

  private let content = Content()
  private let executor = HeldJobExecutor()

  /// Creates a call in the running task.
  init(_ work: @escaping @Sendable () throws -> Any) {
    content.work = work
    TaskCreation.start(on: executor) { [content] in
      guard let work = content.work else { return }
      content.result = Result { try work() }
    }
  }

  deinit {
    // A call that was withdrawn: its task still has to end.
    content.work = nil
    executor.runHeldJob()
  }

  /// Makes the call, once.
  func make() throws -> Any {
    executor.runHeldJob()
    content.work = nil
    guard let result = content.result else { preconditionFailure("An offloaded call was suspended, or made twice") }
    content.result = nil
    return try result.get()
  }
}

/// An executor that keeps the job of its one task, until a thread asks for it.
// SAFETY: the creator enqueues the job before it hands the executor to the thread that runs it.
private final class HeldJobExecutor: TaskExecutor, @unchecked Sendable {
  private var job: UnownedJob?

  func enqueue(_ job: consuming ExecutorJob) {
    self.job = UnownedJob(job)
  }

  /// Runs the job on this thread; without one, nothing happens.
  func runHeldJob() {
    while let next = job {
      job = nil
      next.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}
