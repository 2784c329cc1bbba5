/// Hands the process to one event loop, before `main`: what the constructor of EpollLoopMain calls.
///
/// After it, a plain `@main static func main() async throws` runs on the loop, and with it all that
/// ``EventLoop/run(cancelOn:_:)`` says: one thread; the first SIGINT cancels the main task, a second one
/// ends the process; when main returns, spawned tasks are cancelled and awaited.
@c(epollloop_take_over)
public func takeOverProcess() {
  RuntimeTakeover.runAsyncMain = { $0.runAsyncMain() }
  RuntimeTakeover.install()
}

/// The task that runs an `async main`, which the runtime has made.
private final class MainTask: TaskRecord {
  override func cancelInRuntime() {
    // SAFETY: UnsafeCurrentTask is one word, the task's address, and main's lives as long as the process.
    unsafeBitCast(task, to: UnsafeCurrentTask.self).cancel()
  }
}

extension LoopCore {
  fileprivate func runAsyncMain() {
    let main = MainTask(in: TaskList(self), name: "main")
    // The first job that the runtime has enqueued is the main task.
    _ = inbox.take(into: &batch, idle: false)
    for case .mainJob(let task) in batch {
      main.attach(to: task)
      break
    }
    receive()
    do {
      let interruption = try Interruption(by: [.interrupt], of: main, self) { Process.end(by: .interrupt) }
      Process.atExit { RuntimeTakeover.loop.bound.unchecked.endSpawned() }
      withExtendedLifetime((main, interruption)) { run() }
    } catch {
      fatalError("EpollLoop cannot run the main function: \(error)")
    }
  }

  /// Cancels the spawned tasks and turns until they have ended: main has returned, on top of a tick.
  private func endSpawned() {
    guard isCurrent else { return }
    var isDone = false
    spawned.close { isDone = true }
    while !isDone { tick() }
  }
}
