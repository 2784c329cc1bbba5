import Dispatch
import EpollLoop
import EpollLoopMain
import Glibc

// A synchronous program that was written without this library, but for the imports: Dispatch has the main thread. One
// thing for each word on the command line.

let words =
  "tour | immediate | elsewhere[-later] | in-place | execute | callback | storm | fork | run"
switch CommandLine.arguments.dropFirst().first {
case "tour": tour()
case "immediate":
  Task.immediate {
    try await sleep(for: .milliseconds(1))
    finish("a task that waits before the loop's first turn")
  }
case "elsewhere":
  // No job comes to the loop, but its timers are needed.
  Task.detached(executorPreference: QueueExecutor()) {
    try await Task.sleep(for: .milliseconds(1))
    finish("a task on another executor has slept")
  }
case "elsewhere-later":
  Task {
    try await Task.sleep(for: .milliseconds(5))
    await withTaskExecutorPreference(QueueExecutor()) {
      for _ in 0..<20 { try? await Task.sleep(for: .milliseconds(1)) }
    }
    finish("a task has slept on another executor")
  }
case "in-place":
  // A task that waits alone must not keep the thread.
  Task { spawn { try await sleep(for: .seconds(3600)) } }
  DispatchQueue.main.asyncAfter(deadline: .now() + .milliseconds(20)) { finish("the main queue has run") }
case "execute":
  let loop = EventLoop.current
  DispatchQueue.global().async {
    try? loop.execute { finish("a call from another thread") }
  }
case "callback": EventLoop.current.schedule(after: .milliseconds(1)) { finish("a callback") }
case "storm": storm(rounds: 100)
case "fork": forkEarly()
case "run": EventLoop.runMain {}
default:
  print("usage: sync-existing-program \(words)")
  exit(64)
}
dispatchMain()
