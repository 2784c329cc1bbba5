import Dispatch

private actor Counter {
  private var count = 0

  func add() { count += 1 }
  func value() -> Int { count }

  /// Suspends in the middle, where other calls may come in between.
  func enter(_ log: Log, _ name: String) async {
    await log.add("\(name)-in")
    await Task.yield()
    await log.add("\(name)-out")
  }
}

/// Says when it is deinitialized, in the main actor.
@MainActor private final class Leaver {
  let log: Words
  init(_ log: Words) { self.log = log }
  isolated deinit { log.add("deinit") }
}

private final class Queue: SerialExecutor, TaskExecutor {
  private let queue = DispatchQueue(label: "queue")

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async {
      job.runSynchronously(isolatedTo: self.asUnownedSerialExecutor(), taskExecutor: self.asUnownedTaskExecutor())
    }
  }

  func checkIsolated() { dispatchPrecondition(condition: .onQueue(queue)) }
  nonisolated func check() { dispatchPrecondition(condition: .onQueue(queue)) }
}

private actor Elsewhere {
  let queue: Queue
  init(_ queue: Queue) { self.queue = queue }
  nonisolated var unownedExecutor: UnownedSerialExecutor { queue.asUnownedSerialExecutor() }

  func check() async {
    queue.check()
    await Task.yield()
    queue.check()
    preconditionIsolated()
  }
}

@concurrent private nonisolated func checkLater(_ queue: Queue) async { queue.check() }

@MainActor let actorChecks: [RuntimeTour.Check] = [
  (
    "actor-count", "10000",
    {
      let counter = Counter()
      await withDiscardingTaskGroup { group in
        for _ in 0..<100 {
          group.addTask { for _ in 0..<100 { await counter.add() } }
        }
      }
      return "\(await counter.value())"
    }
  ),
  (
    "actor-reentrance", "4",
    {
      let (counter, log) = (Counter(), Log())
      async let first: Void = counter.enter(log, "a")
      async let second: Void = counter.enter(log, "b")
      _ = await (first, second)
      let words = await log.words
      return "\(words.count)"
    }
  ),
  (
    "main-actor-run", "true",
    {
      await Task.detached {
        await MainActor.run {
          MainActor.assertIsolated()
          return "\(MainActor.assumeIsolated { true })"
        }
      }.value
    }
  ),
  (
    "isolated-deinit", "deinit end",
    {
      let log = Words()
      await Task.detached { [leaver = Leaver(log)] in _ = leaver }.value
      while log.text.isEmpty { await Task.yield() }
      log.add("end")
      return log.text
    }
  ),
  (
    "actor-executor", "checked",
    {
      await Elsewhere(Queue()).check()
      MainActor.preconditionIsolated()
      return "checked"
    }
  ),
  (
    "task-executor", "checked",
    {
      let queue = Queue()
      await withTaskExecutorPreference(queue) { @concurrent in
        queue.check()
        async let child: Void = checkLater(queue)
        await child
        try? await Task.sleep(for: .milliseconds(1))
        queue.check()
      }
      await Task.detached(executorPreference: queue) { queue.check() }.value
      MainActor.preconditionIsolated()
      return "checked"
    }
  ),
]
