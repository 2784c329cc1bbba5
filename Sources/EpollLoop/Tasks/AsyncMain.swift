/// Hands the process to one event loop, before `main`: what the constructor of EpollLoopMain calls.
///
/// After it, a plain `@main static func main() async throws` runs on the loop, and with it everything else: one thread,
/// as ``EventLoop/run(cancelOn:_:)`` says. Signals keep their actions: see ``EventLoop/cancelMain(on:)``. When main
/// returns, spawned tasks are cancelled and awaited. A synchronous main that ends in `dispatchMain()` or
/// `RunLoop.main.run()` has its tasks run by Dispatch's main queue. If the kernel has no descriptor for the loop, the
/// process ends with one line on standard error and status 1.
///
/// Has no effect if the environment variable `EPOLLLOOP_TAKEOVER` is `off`: then the program runs on Swift's own
/// executors, and this library's functions trap, as they do without a loop.
@c(epollloop_take_over)
public func takeOverProcess() {
  guard Process.environment("EPOLLLOOP_TAKEOVER") != "off" else { return }
  AsyncMain.state.isUsed = true
  RuntimeTakeover.runAsyncMain = { $0.runAsyncMain() }
  let core = AsyncMain.orExit { try RuntimeTakeover.takeOver() }.bound.unchecked
  // Main's first part runs before the runtime has the loop run: it is on the loop all the same.
  core.becomeUnattended()
  LoopCore.prepareForForks()
  core.currentHome = .actor
  core.enter()
}

/// The run of an async main, from its first wait to the exit(3) after its end.
private enum AsyncMain {
  struct State {
    /// Whether the program is one with EpollLoopMain.
    var isUsed = false
    /// The record of main, once the loop runs.
    var record: TaskRecord?
    /// The list that holds the record.
    let list = TaskList()
    /// The signals that are to cancel main as soon as the loop runs.
    var signals: [Signal] = []
    /// What cancels main on a signal.
    var interruption: Interruption?
  }

  // SAFETY: only touched by the thread of the process's loop.
  nonisolated(unsafe) static var state = State()

  /// Calls a function that the program cannot do without; if it throws, the process ends.
  static func orExit<Success>(_ body: () throws -> Success) -> Success {
    do {
      return try body()
    } catch {
      Process.exit(saying: "\(error)")
    }
  }

  /// Has signals cancel main from now on.
  static func cancelMain(_ main: TaskRecord, on signals: [Signal], _ core: LoopCore) throws {
    state.interruption?.end()
    state.interruption = nil
    state.interruption = try Interruption(by: signals, of: main, core) {
      if let signal = state.interruption?.last { Process.end(by: signal) }
    }
  }
}

extension EventLoop {
  /// Whether an event loop has the process, by ``run(cancelOn:_:)`` or `EpollLoopMain`: it runs the main actor and all tasks
  /// without an executor of their own.
  public static var hasTakenOver: Bool { RuntimeTakeover.hasTakenOver }

  /// Has the first of some signals cancel the program's main task, and a second one end the program; under
  /// `EpollLoopMain`.
  ///
  /// Without this call signals keep the actions that the program has set: by default SIGINT ends it. A later call
  /// replaces an earlier one. ``run(cancelOn:_:)`` has a parameter for it instead.
  ///
  /// - Parameter signals: The signals; with an empty array they have their previous actions again.
  /// - Throws: ``IOError`` if a signal cannot be handled, or the kernel has no descriptor.
  /// - Precondition: The program has an `async` main and imports `EpollLoopMain`; the calling code is on its loop.
  public static func cancelMain(on signals: [Signal]) throws {
    let core = LoopCore.current
    precondition(
      core.ownsProcess && AsyncMain.state.isUsed,
      "EventLoop.cancelMain is for programs with EpollLoopMain: pass the signals to EventLoop.run instead")
    guard let record = AsyncMain.state.record else {
      AsyncMain.state.signals = signals
      return
    }
    try AsyncMain.cancelMain(record, on: signals, core)
  }
}

extension LoopCore {
  fileprivate func runAsyncMain() {
    becomeAttended()
    let main = TaskRecord(on: LoopLink(self), in: .passUnretained(AsyncMain.state.list), name: "main")
    // It is not known if main's first wait is for a thread that the loop does not know.
    if mainTask != 0 {
      RunningTask.retain(mainTask)
      main.attach(to: mainTask)
    }
    AsyncMain.state.record = main
    AsyncMain.orExit {
      try serveMainQueue()
      try AsyncMain.cancelMain(main, on: AsyncMain.state.signals, self)
    }
    Process.atExit { RuntimeTakeover.loop.bound.unchecked.endAsyncMain() }
    turn()
  }

  /// When main has returned, cancels the spawned tasks and turns until they have ended, on top of a tick; then gives
  /// the signals back.
  ///
  /// An exit(3) from elsewhere, such as from a spawned task, ends the process at once.
  private func endAsyncMain() {
    guard isCurrent, isMain else { return }
    if spawned.count > 0 {
      spawned.close { self.stop() }
      turn()
    }
    AsyncMain.state.interruption?.end()
  }

  /// Whether the running task is main. If its address was never learned, it is a main-actor task without a record.
  private var isMain: Bool {
    mainTask != 0
      ? RunningTask.address == mainTask
      : RunningTask.address != 0 && currentHome == .actor && record(of: RunningTask.address) == 0
  }
}
