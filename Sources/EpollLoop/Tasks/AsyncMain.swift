/// Hands the process to one event loop, before `main`: what the constructor of EpollLoopMain calls.
///
/// After it, a plain `@main static func main() async throws` runs on the loop, and with it all that
/// ``EventLoop/run(cancelOn:_:)`` says: one thread; the first SIGINT cancels the main task, a second one
/// ends the process; when main returns, spawned tasks are cancelled and awaited.
@c(epollloop_take_over)
public func takeOverProcess() {
  RuntimeTakeover.runAsyncMain = { $0.runAsyncMain() }
  RuntimeTakeover.install()
  let core = RuntimeTakeover.loop.bound.unchecked
  // Main's first part runs before the runtime asks the loop to run: it is on the loop all the same.
  core.awaitsMainTask = true
  core.currentHome = .actor
  core.enter()
}

extension LoopCore {
  fileprivate func runAsyncMain() {
    precondition(mainTask != 0, "The main task suspended without any job: nothing can ever resume it")
    let list = TaskList()
    let main = TaskRecord(on: LoopLink(self), in: .passUnretained(list), name: "main")
    main.attach(to: mainTask)
    do {
      let interruption = try Interruption(by: [.interrupt], of: main, self) { Process.end(by: .interrupt) }
      Process.atExit { RuntimeTakeover.loop.bound.unchecked.endSpawned() }
      withExtendedLifetime((list, main, interruption)) { turn() }
    } catch {
      fatalError("EpollLoop cannot run the main function: \(error)")
    }
  }

  /// Cancels the spawned tasks and turns until they have ended, when main has returned: on top of a tick.
  ///
  /// An exit(3) from elsewhere, such as from a spawned task, ends the process at once.
  private func endSpawned() {
    guard isCurrent, RunningTask.address == mainTask, spawned.count > 0 else { return }
    spawned.close { self.stop() }
    turn()
  }
}
