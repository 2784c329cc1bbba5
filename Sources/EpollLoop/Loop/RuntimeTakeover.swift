@_spi(ExperimentalCustomExecutors) @_spi(ExperimentalScheduling) import _Concurrency

#if !compiler(>=6.3)
  #error("EpollLoop needs the executor interface of Swift 6.3")
#endif

// All that this project uses of Swift's experimental executor interface stands in this file.

/// The loop as an executor for tasks that are isolated to nothing.
// SAFETY: the core is only touched on its own thread; other threads use its inbox.
final class LoopTaskExecutor: TaskExecutor, SchedulingExecutor, @unchecked Sendable {
  private let core: LoopCore

  init(_ core: LoopCore) {
    self.core = core
  }

  func enqueue(_ job: consuming ExecutorJob) {
    // SAFETY: an UnownedJob is one word, and `Tick` makes one of it again.
    let address = unsafeBitCast(UnownedJob(job), to: UInt.self)
    if core.isCurrent {
      core.ready.append(address, .loopJob)
      if core.awaitsFirstTurn { core.cameEarly(address) }
    } else {
      _ = core.inbox.submit(.loopJob(address))
    }
  }

  func enqueue<C: Clock>(
    _ job: consuming ExecutorJob, at instant: C.Instant, tolerance: C.Duration?, clock: C
  ) {
    core.enqueue(UnownedJob(job), atInstant: instant, clock: clock)
  }
}

/// The loop as an actor's executor: the ``LoopActor``'s, or the main actor's on the loop that owns the process.
// SAFETY: as above.
final class LoopSerialExecutor: MainExecutor, SchedulingExecutor, @unchecked Sendable {
  private let core: LoopCore

  /// The loop.
  var loop: EventLoop { core.face }

  init(_ core: LoopCore) {
    self.core = core
  }

  func enqueue(_ job: consuming ExecutorJob) {
    // SAFETY: an UnownedJob is one word, and `Tick` makes one of it again.
    let address = unsafeBitCast(UnownedJob(job), to: UInt.self)
    if core.isCurrent {
      core.ready.append(address, .actorJob)
      if core.awaitsFirstTurn { core.cameEarly(address) }
    } else {
      _ = core.inbox.submit(.actorJob(address))
    }
  }

  func enqueue<C: Clock>(
    _ job: consuming ExecutorJob, at instant: C.Instant, tolerance: C.Duration?, clock: C
  ) {
    core.enqueue(UnownedJob(job), atInstant: instant, clock: clock)
  }

  func checkIsolated() {
    if !core.isCurrent, core.attendance.load(ordering: .relaxed) != .attended { return MainQueue.assertCurrent() }
    precondition(
      core.isInActor, "This must run in the actor of an event loop, and runs on another thread or in no actor")
  }

  /// Nil in other work of the main queue than the loop's turns: ``checkIsolated()`` asks Dispatch.
  func isIsolatingCurrentContext() -> Bool? {
    if !core.isCurrent, core.attendance.load(ordering: .relaxed) != .attended { return nil }
    return core.isInActor
  }

  /// What an `async main` does to wait for its end, which is a call to exit(3).
  func run() throws { RuntimeTakeover.runAsyncMain(core) }

  func stop() { core.stop() }
}

extension LoopCore {
  /// Runs a job of the runtime at an instant of one of Swift's clocks: what `Task.sleep` asks for.
  ///
  /// The job belongs to a task of the runtime's own, without a preference: on the loop's task executor it
  /// would go to Swift's default executor and come back late.
  fileprivate func enqueue<C: Clock>(
    _ job: UnownedJob, atInstant instant: C.Instant, clock: C
  ) {
    guard isCurrent else {
      // A task on another executor's thread sleeps by the process's default executor, which is this loop.
      return inbox.submit { LoopCore.current.enqueue(job, atInstant: instant, clock: clock) }
    }
    // The absolute instant and not the delay: the order of equal deadlines depends on it.
    let deadline: Instant
    if let continuous = instant as? ContinuousClock.Instant {
      deadline = Instant(nanoseconds: 0) + (continuous - ContinuousClock().systemEpoch)
    } else if let suspending = instant as? SuspendingClock.Instant {
      deadline = Instant(nanoseconds: 0) + (suspending - SuspendingClock().systemEpoch) + Instant.timeAsleep
    } else if let delay = clock.now.duration(to: instant) as? Duration {
      deadline = now + delay
    } else {
      preconditionFailure("Task.sleep on an event loop needs a clock whose durations are Swift.Duration")
    }
    // SAFETY: as above.
    let address = unsafeBitCast(job, to: UInt.self)
    let waiter = waiters.take(.job, subject: address, record: 0)
    waiters.slots[Int(waiter.slot)].home = .none
    schedule(waiter, at: deadline)
    if awaitsFirstTurn { cameEarly() }
  }
}

extension LoopCore {
  /// Whether the calling code is in the loop's actor: a callback, or a job on the actor's executor. A task that is
  /// isolated to nothing is on this thread, but not in the actor.
  fileprivate var isInActor: Bool { isCurrent && currentHome == .actor }
}

/// Hands the process over to one loop.
enum RuntimeTakeover {
  // SAFETY: written once, before the runtime has the executors that read it.
  nonisolated(unsafe) private static var owner: EventLoop?

  /// Whether the loop has the process, and could not yet watch Dispatch's main queue for lack of a descriptor.
  // SAFETY: touched by the main thread only.
  nonisolated(unsafe) private static var lacksMainQueue = false

  /// Whether the process belongs to a loop.
  static var hasTakenOver: Bool { owner != nil }

  /// The loop that the process belongs to; there must be one.
  static var loop: EventLoop {
    guard let owner else { preconditionFailure("The process belongs to no event loop") }
    return owner
  }

  /// Runs the loop for an `async main`. Set by the floor that knows how, before `main`.
  // SAFETY: written once, by a constructor of the program, before it has a second thread.
  nonisolated(unsafe) static var runAsyncMain: (LoopCore) -> Void = { $0.run() }

  private struct Factory: ExecutorFactory {
    static var mainExecutor: any MainExecutor { RuntimeTakeover.loop.serialExecutor }
    static var defaultExecutor: any TaskExecutor { RuntimeTakeover.loop.taskExecutor }
  }

  /// As ``takeOver()``, in a program that may have made tasks already; traps where they could not go on.
  static func takeOverProgram() throws -> EventLoop {
    requireOwnThread()
    if let owner, !lacksMainQueue { return owner }
    precondition(
      !Process.isTest,
      "EventLoop.run was called in a test, whose library would lose the main actor: call runOnLoop of EpollLoopTesting")
    precondition(
      RunningTask.address == 0,
      """
      EventLoop.run was called in a task, which would lose its executor: call it in a synchronous main or in top-level \
      code; with an async main, import EpollLoopMain instead
      """)
    precondition(
      Thread.isMain,
      """
      EventLoop.run must be called on the main thread, which the main actor belongs to: on another thread, run a loop \
      of its own with EventLoop().run
      """)
    let loop = try takeOver()
    let core = loop.bound.unchecked
    Process.ignoreBrokenPipes()
    lacksMainQueue = true
    try core.serveMainQueue()
    lacksMainQueue = false
    core.soon { [unowned core] in core.drainMainQueue() }
    return loop
  }

  private static func requireOwnThread() {
    precondition(
      owner.map { $0.bound.unchecked.attendance.load(ordering: .relaxed) == .attended } ?? true,
      """
      EventLoop.run was called in a program that imports EpollLoopMain, whose loop has this thread: remove the import, \
      or make main async and await the work there
      """)
  }

  /// Makes a loop's executors those of the process, unless that has been done.
  ///
  /// - Returns: The loop that the process belongs to.
  /// - Throws: ``IOError`` if the kernel has no descriptor for it; a later call may succeed.
  static func takeOver() throws -> EventLoop {
    if let owner { return owner }
    let loop = try EventLoop()
    owner = loop
    _createExecutors(factory: Factory.self)
    precondition(MainActor.executor === loop.serialExecutor, "This Swift runtime takes no other main executor")
    loop.bound.unchecked.ownsProcess = true
    return loop
  }
}
