/// What a loop holds at the moment, as counts: all zero when nothing is left over.
public struct LoopCensus: Sendable, Equatable {
  /// Tasks that run or wait, counting those that started through this library.
  public let tasks: Int
  /// Waits and callbacks that are pending.
  public let waiters: Int
  /// Timers that are pending.
  public let timers: Int
  /// Descriptors that are watched.
  public let registrations: Int
}

extension EventLoop {
  /// What the loop holds now. On the loop's thread, or while it does not run.
  public var census: LoopCensus {
    let core = inbox.isRunning ? bound.open("EventLoop.census") : bound.unchecked
    return LoopCensus(
      tasks: core.tasks.count, waiters: core.waiters.count, timers: core.timers.count,
      registrations: core.registrations.count)
  }

  /// Whether an event loop runs on this thread. For the testing module.
  package static var isOnThread: Bool { LoopCore.currentIfAny != nil }

  /// Whether the calling code may block its thread: it runs no task, or a thread of this library's without a loop, such as
  /// an offloaded call. For the testing module.
  package static var mayBlock: Bool { RunningTask.address == 0 || (Thread.isOwn && !isOnThread) }

  /// Traps on another thread than the loop's. For the testing module.
  package func requireCurrent() { bound.check("the body of a run") }

  /// What the end of the run would end: tasks that nobody has cancelled, but for the running one, and how many
  /// callbacks are pending. For the testing module.
  package var unended: (tasks: [TaskSnapshot], callbacks: Int) {
    (tasks.filter { !$0.isCancelled && $0.state != .running }, bound.unchecked.waiters.pendingCallbackCount)
  }
}

extension LoopCensus {
  /// Nothing left.
  public static let empty = LoopCensus(tasks: 0, waiters: 0, timers: 0, registrations: 0)
}
