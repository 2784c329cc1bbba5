extension EventLoop {
  /// Hands the process to an event loop and runs `body` on it, to its end.
  ///
  /// From here on everything runs on this one thread: the main actor, `Task {}`, `Task.detached`,
  /// task groups, `async let`, actors, `AsyncStream`, `Task.sleep`. When `body` has ended, tasks that
  /// were started with ``spawn(name:isolation:file:line:_:)`` are cancelled and awaited; plain `Task {}`s are
  /// left where they are, as they are when a program's main function ends. Callbacks that are still
  /// pending are dropped. A signal that has not been read by then is handled by the process's previous action.
  ///
  /// - Parameters:
  ///   - signals: The first of these cancels `body`; a second one ends the run at once. They are taken
  ///     while the run lasts, by the loop: a body that blocks the thread delays them. Those that the process
  ///     ignores stay ignored. SIGKILL, SIGSTOP and the signals of faults, such as SIGSEGV, are an error.
  ///   - body: What to run, on the main actor.
  /// - Returns: The value of `body`.
  /// - Throws: The error of `body`; ``IOError`` with ``Errno/interrupted`` after a second signal. ``IOError`` before
  ///   `body` starts, if the kernel has no descriptor for the loop or its signals: a later call may succeed.
  /// - Precondition: The call is made on the main thread, in a synchronous `main` or top-level code, and neither in a
  ///   task nor in a test. Main-actor tasks that were made before it begin with the run; detached ones begin on a
  ///   thread of Swift's own, and go on on the loop after their first wait.
  public static func run<Success>(
    cancelOn signals: [Signal] = [.interrupt], _ body: @escaping @MainActor () async throws -> sending Success
  ) throws -> sending Success {
    var signal: Signal?
    return try run(cancelOn: signals, noting: &signal, body)
  }

  /// As ``run(cancelOn:_:)``.
  ///
  /// - Parameter signal: The last one that has come when the run has ended; nil if none has.
  static func run<Success>(
    cancelOn signals: [Signal], noting signal: inout Signal?,
    _ body: @escaping @MainActor () async throws -> sending Success
  ) throws -> sending Success {
    let loop = try RuntimeTakeover.takeOverProgram()
    return try loop.bound.unchecked.run(cancelOn: signals, noting: &signal) { task in
      // SAFETY: the main actor is this loop, and this thread runs it.
      nonisolated(unsafe) let task = task
      MainActor.assumeIsolated { task.start(isolation: MainActor.shared) { try await body() } }
    }
  }

  /// Runs `body` on this loop and this thread, to its end, beside whatever else the process does.
  ///
  /// `body` is isolated to the loop's actor, and so is all that it starts. Tasks that are started with
  /// ``spawn(name:isolation:file:line:_:)``, task groups, `async let` and actors stay on this loop. A bare
  /// `Task {}` stays if it captures `loop`, and leaves it otherwise, as `Task.detached` does; `Task.sleep` needs
  /// Swift's own threads: use ``sleep(for:)``.
  ///
  /// - Parameter body: What to run.
  /// - Returns: The value of `body`.
  /// - Throws: The error of `body`.
  /// - Precondition: No loop runs on this thread, and this loop on no other.
  public func run<Success>(
    _ body: @escaping @Sendable (_ loop: isolated LoopActor) async throws -> sending Success
  ) throws -> sending Success {
    let actor = actor
    return try bound.unchecked.run { task in
      // SAFETY: the loop's actor runs on this thread.
      nonisolated(unsafe) let task = task
      actor.assumeIsolated { loop in task.start(isolation: loop) { try await body(loop) } }
    }
  }

  /// Runs `body` on this loop and this thread, to its end; for nonisolated callers.
  ///
  /// As ``run(_:)``, and `body` may use the caller's local variables: the caller waits meanwhile.
  ///
  /// - Parameters:
  ///   - isolation: The caller's; must be none, since the caller's actor waits meanwhile.
  ///   - body: What to run.
  public func run<Success>(
    isolation: isolated (any Actor)? = #isolation, _ body: @escaping () async throws -> Success
  ) throws -> Success {
    bound.unchecked.checkMayRun()
    // A nonisolated function may have been called by an actor's code, and hand its closures on.
    precondition(
      isolation == nil && RunningTask.executor == 0,
      """
      EventLoop().run was called by isolated code, whose closures are isolated too, and this thread cannot \
      serve their actor while it runs the loop: write 'run { loop in … }', or use the static EventLoop.run
      """)
    let actor = actor
    return try bound.unchecked.run { task in
      // SAFETY: the loop's actor runs on this thread, whose caller waits for it.
      nonisolated(unsafe) let (task, body) = (task, body)
      actor.assumeIsolated { task.start(isolation: $0, body) }
    }
  }
}

extension IOError {
  /// The error of a run that a second signal has ended.
  static let secondSignal = IOError(.run, .interrupted, "a second signal ended it")
}

extension LoopCore {
  /// Runs until the task that `start` starts, and after it all spawned ones, have ended.
  fileprivate func run<Success>(_ start: @escaping (Child<Success>) -> Void) throws -> Success {
    var signal: Signal?
    return try run(cancelOn: [], noting: &signal, start)
  }

  /// As ``run(_:)``, and the first of `signals` cancels the task.
  fileprivate func run<Success>(
    cancelOn signals: [Signal], noting signal: inout Signal?, _ start: @escaping (Child<Success>) -> Void
  ) throws -> Success {
    checkMayRun()
    let list = TaskList()
    let main = Child<Success>(SpawnedTask(self, in: list, name: "main"))
    return try run(cancelOn: signals, noting: &signal, main, in: list) { [self] in soon { start(main) } }
  }

  /// Runs until a main task that another thread starts, and after it all spawned ones, have ended.
  ///
  /// - Parameter list: The task's list, which holds nothing else.
  func run<Success>(_ main: Child<Success>, in list: TaskList) throws -> Success {
    var signal: Signal?
    return try run(cancelOn: [], noting: &signal, main, in: list) {}
  }

  /// Runs until a main task, and after it all spawned ones, have ended.
  ///
  /// - Parameters:
  ///   - signals: Those that cancel the main task.
  ///   - signal: Receives the last signal that came.
  ///   - main: The task.
  ///   - list: Its list, which holds nothing else.
  ///   - start: Called before the first tick, to start the task unless another thread does.
  private func run<Success>(
    cancelOn signals: [Signal], noting signal: inout Signal?, _ main: Child<Success>, in list: TaskList,
    _ start: () -> Void
  ) throws -> Success {
    checkMayRun()
    mainRecord = main.task
    defer { mainRecord = nil }
    let interruption: Interruption?
    do {
      interruption = try Interruption(by: signals, of: main.task, self) { [unowned self] in abort() }
    } catch {
      list.remove(main.task)
      throw error
    }
    defer {
      signal = interruption?.last
      interruption?.end()
    }
    list.onEmpty = { [unowned self] in spawned.close { self.stop() } }
    start()
    run()
    list.onEmpty = nil
    spawned.abandon()
    guard let outcome = main.outcome, interruption?.count ?? 0 < 2 else {
      throw IOError.secondSignal
    }
    return try outcome.get()
  }
}
