enum Local {
  @TaskLocal static var number = 0
}

private nonisolated func fibonacci(_ number: Int) async -> Int {
  if number < 2 { return number }
  async let first = fibonacci(number - 1)
  async let second = fibonacci(number - 2)
  return await first + second
}

private nonisolated func failLater(_ number: Int) async throws -> Int {
  await Task.yield()
  throw Failure(number: number)
}

private nonisolated func waitForCancel(_ log: Log) async {
  while !Task.isCancelled { await Task.yield() }
  await log.add("cancelled")
}

@MainActor let taskChecks: [RuntimeTour.Check] = [
  ("async-let-recursion", "377", { "\(await fibonacci(14))" }),
  (
    "async-let-error", "failure 1",
    {
      await thrown {
        async let first = failLater(1)
        async let second = failLater(2)
        _ = try await (first, second)
      }
    }
  ),
  (
    "async-let-left", "body cancelled",
    {
      let log = Log()
      do {
        async let child: Void = waitForCancel(log)
        await log.add("body")
      }
      return await log.text
    }
  ),
  (
    "cancelled-early", "true CancellationError()",
    {
      let task = Task { (Task.isCancelled, await thrown { try Task.checkCancellation() }) }
      task.cancel()
      let (flag, error) = await task.value
      return "\(flag) \(error)"
    }
  ),
  (
    "cancel-handler", "handler ended",
    {
      let log = Log()
      let task = Task.detached {
        await withTaskCancellationHandler {
          while !Task.isCancelled { await Task.yield() }
        } onCancel: {
          Task { await log.add("handler") }
        }
      }
      await Task.yield()
      task.cancel()
      await task.value
      while await log.words.isEmpty { await Task.yield() }
      await log.add("ended")
      return await log.text
    }
  ),
  (
    "detached", "7 failure 3",
    {
      let value = await Task.detached { 7 }.value
      return "\(value) \(await thrown { _ = try await Task.detached { try await failLater(3) }.value })"
    }
  ),
  (
    "task-identity", "true false 2",
    {
      let (first, second) = (Task { 1 }, Task { 1 })
      return "\(first == first) \(first == second) \(Set([first, second, first]).count)"
    }
  ),
  (
    "locals", "1 2 1 0 1 2",
    {
      await Local.$number.withValue(1) {
        async let child = Local.$number.withValue(2) { Local.number }
        let inherited = await Task { Local.number }.value
        let detached = await Task.detached { Local.number }.value
        let group = await withTaskGroup(of: Int.self) { group in
          group.addTask { Local.number }
          return await group.next() ?? -1
        }
        let nested = Local.$number.withValue(2) { Local.number }
        return "\(Local.number) \(await child) \(inherited) \(detached) \(group) \(nested)"
      }
    }
  ),
  (
    "priority", "high background true",
    {
      let high = await Task.detached(priority: .high) { Task.currentPriority }.value
      let low = Task.detached(priority: .background) { Task.basePriority }
      let base = await low.value
      return "\(high == .high ? "high" : "\(high)") \(base == .background ? "background" : "\(base as Any)") "
        + "\(Task.currentPriority >= .medium)"
    }
  ),
  (
    "name", "a name nil",
    { "\(await Task(name: "a name") { Task.name }.value ?? "nil") \(await Task { Task.name }.value ?? "nil")" }
  ),
  (
    "immediate", "inside outside later",
    {
      let log = Words()
      let task = Task.immediate {
        log.add("inside")
        await Task.yield()
        log.add("later")
      }
      log.add("outside")
      await task.value
      return log.text
    }
  ),
  (
    "sleep", "true true CancellationError()",
    {
      let clock = ContinuousClock()
      let first = try await clock.measure { try await Task.sleep(for: .milliseconds(5), tolerance: .zero) }
      let second = try await SuspendingClock().measure { try await Task.sleep(nanoseconds: 2_000_000) }
      let task = Task { await thrown { try await Task.sleep(for: .seconds(3600)) } }
      await Task.yield()
      task.cancel()
      return "\(first >= .milliseconds(5)) \(second >= .milliseconds(2)) \(await task.value)"
    }
  ),
  (
    "sleep-order", "0 1 2 3 4",
    {
      let log = Log()
      let start = ContinuousClock.now
      await withDiscardingTaskGroup { group in
        for number in [3, 1, 4, 0, 2] {
          group.addTask {
            try? await Task.sleep(until: start + .milliseconds(20 + 20 * number), clock: .continuous)
            await log.add("\(number)")
          }
        }
      }
      return await log.text
    }
  ),
  (
    "continuation", "1 failure 2",
    {
      let value = await withCheckedContinuation { $0.resume(returning: 1) }
      return "\(value) "
        + (await thrown {
          try await withUnsafeThrowingContinuation { (next: UnsafeContinuation<Void, any Error>) in
            Task.detached { next.resume(throwing: Failure(number: 2)) }
          }
        })
    }
  ),
  (
    "unsafe-task", "true true",
    {
      let task = Task { withUnsafeCurrentTask { $0?.isCancelled == false } }
      return "\(await task.value) \(withUnsafeCurrentTask { $0 != nil })"
    }
  ),
]

/// Words of the main actor.
@MainActor final class Words {
  private var words: [String] = []
  var text: String { words.joined(separator: " ") }

  func add(_ word: String) { words.append(word) }
}
