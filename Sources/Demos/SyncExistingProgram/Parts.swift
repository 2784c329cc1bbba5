import Dispatch
import EpollLoop
import Glibc

nonisolated func assumeMainActor() { MainActor.assumeIsolated {} }

/// Ends the program with a line.
nonisolated func finish(_ line: String) {
  print(line)
  exit(0)
}

/// Uses what a program uses, from a task that is started before Dispatch has the thread.
func tour() {
  Task { @MainActor in
    assumeMainActor()
    try await Task.sleep(for: .milliseconds(1))
    let sum = await withTaskGroup(of: Int.self) { group in
      for number in 1...100 { group.addTask { number } }
      var sum = 0
      for await number in group { sum += number }
      return sum
    }
    let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
    async let accepted = listener.accept()
    let client = try await Connection.tcp(to: listener.localAddress)
    try await client.write("hello")
    let text = try await accepted.read().map { String(decoding: $0, as: UTF8.self) }
    DispatchQueue.main.async {
      assumeMainActor()
      Task { finish("\(sum) \(text ?? "")") }
    }
  }
}

/// Counts what other threads' tasks do.
actor Counter {
  private var count = 0

  /// - Returns: How often it has been called.
  func next() -> Int {
    count += 1
    return count
  }
}

/// Has many threads start tasks while the loop falls idle, again and again: a lost wake-up would stop it.
func storm(rounds: Int) {
  Task { @MainActor in
    let counter = Counter()
    for round in 1...rounds {
      await withCheckedContinuation { next in
        for _ in 0..<100 {
          DispatchQueue.global().async {
            Task { if await counter.next() == round * 100 { next.resume() } }
          }
        }
      }
    }
    finish("\(rounds) rounds")
  }
}

/// Forks before anything has run: both programs have timers of their own.
func forkEarly() {
  // Swift has no declaration of fork(2), which is unsafe once there are threads.
  typealias Fork = @convention(c) () -> pid_t
  guard let address = dlsym(nil, "fork") else { return finish("no fork") }
  // SAFETY: this is its type.
  let child = unsafeBitCast(address, to: Fork.self)()
  Task {
    for _ in 0..<10 { try await Task.sleep(for: .milliseconds(child == 0 ? 1 : 3)) }
    if child == 0 { exit(7) }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    finish("the child ended with \(status >> 8)")
  }
}

/// Runs jobs on a queue of Dispatch's.
final class QueueExecutor: TaskExecutor {
  private let queue = DispatchQueue(label: "executor")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}
