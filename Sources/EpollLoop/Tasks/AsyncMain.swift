/// Hands the process to one event loop, before `main`: what the constructor of EpollLoopMain calls.
///
/// After it, a plain `@main static func main() async throws` runs on the loop, and with it all that
/// ``EventLoop/run(cancelOn:_:)`` says: one thread; the first SIGINT cancels the main task, a second one
/// ends the process; when main returns, spawned tasks are cancelled and awaited. If the kernel has no descriptor for
/// the loop or its signals, the process ends with one line on standard error and status 1.
@c(epollloop_take_over)
public func takeOverProcess() {
  RuntimeTakeover.runAsyncMain = { $0.runAsyncMain() }
  let core = AsyncMain.orExit { try RuntimeTakeover.takeOver() }.bound.unchecked
  // Main's first part runs before the runtime asks the loop to run: it is on the loop all the same.
  core.awaitsMainTask = true
  core.currentHome = .actor
  core.enter()
}

/// The run of an async main, from its first wait to the exit(3) after its end.
private enum AsyncMain {
  /// The signals that the run takes.
  // SAFETY: only touched by the thread of the process's loop.
  nonisolated(unsafe) static var interruption: Interruption?

  /// Calls a function that the program cannot do without; if it throws, the process ends.
  static func orExit<Success>(_ body: () throws -> Success) -> Success {
    do {
      return try body()
    } catch {
      Process.exit(saying: "\(error)")
    }
  }
}

extension LoopCore {
  fileprivate func runAsyncMain() {
    precondition(mainTask != 0, "The main task suspended without any job: nothing can ever resume it")
    let list = TaskList()
    let main = TaskRecord(on: LoopLink(self), in: .passUnretained(list), name: "main")
    main.attach(to: mainTask)
    AsyncMain.interruption = AsyncMain.orExit {
      try Interruption(by: [.interrupt], of: main, self) { Process.end(by: .interrupt) }
    }
    Process.atExit { RuntimeTakeover.loop.bound.unchecked.endAsyncMain() }
    withExtendedLifetime((list, main)) { turn() }
  }

  /// When main has returned, cancels the spawned tasks and turns until they have ended, on top of a tick; then gives
  /// the signals back.
  ///
  /// An exit(3) from elsewhere, such as from a spawned task, ends the process at once.
  private func endAsyncMain() {
    guard isCurrent, RunningTask.address == mainTask else { return }
    if spawned.count > 0 {
      spawned.close { self.stop() }
      turn()
    }
    AsyncMain.interruption?.end()
  }
}
