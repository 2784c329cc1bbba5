import EpollLoop

extension Bench {
  /// Tasks, beside Swift's default executor on one processor.
  func measureTasks() throws {
    let yields = effort.size(1_000_000)
    try compare("yield among 2 tasks", .yieldAmong2, yields, .timesControl(0.6))
    try compare("yield among 1,000 tasks", .yieldAmong1000, yields, .timesControl(0.6))
    try compare("spawn and await, batches of 1,000", .spawnBatches, effort.size(500_000), .timesControl(0.8))
    try compare("the same in main-actor code", .spawnOnMainActor, effort.size(500_000), .none)
    try compare("suspend and resume between two tasks", .suspendResume, effort.size(500_000), .none)
    // Out of order: of children that sleep at random, those that end early stand anywhere.
    let few = try Trial.gatherSleeping.measure(effort, size: effort.size(10_000), [.ours]).ours
    let many = try Trial.gatherSleeping.measure(effort, size: effort.size(100_000), [.ours]).ours
    report("gather 10,000 sleeping children, each", few, .none)
    report("gather 100,000, each; control: of 10,000", many, beside: few, .timesControl(2))
    let thousands = try Trial.gatherLimited.measure(effort, size: effort.size(100_000), [.ours]).ours
    let millions = try Trial.gatherLimited.measure(effort, size: effort.size(1_000_000), [.ours]).ours
    report("gather 1,000,000, 1,000 at once; control: of 100,000", millions, beside: thousands, .timesControl(2))
    let bytes = try Trial.gatherMemory.measure(effort, size: effort.size(1_000_000), [.ours]).ours
    report("memory for each, its result included", unit: "B", bytes, .atMost(64))
  }

  /// What timers and sleeps take that needs a process of its own.
  func measureSleeps() throws {
    let count = effort.size(1_000_000)
    let memory = try Trial.timerMemory.measure(effort, size: count, [.ours]).ours
    report("memory for each of 1,000,000 pending timers", unit: "B", memory, .atMost(128))
    try compare("1,000,000 tasks that sleep, each", .sleepingTasks, count, .timesControl(0.25))
    let cancelled = try Trial.cancelSleeping.measure(effort, size: count, [.ours]).ours
    report("cancel 1,000,000 sleeps, each (none left)", cancelled, .none)
  }

  private func compare(_ name: String, _ trial: Trial, _ size: Int, _ target: Target) throws {
    let figures = try trial.measure(effort, size: size)
    report(name, figures.ours, beside: figures.control, target)
  }
}

/// The longest sleep of the trials, in nanoseconds.
private let longestSleep: UInt64 = 100_000_000

extension Trial {
  /// On a loop that has the process. Nanoseconds of CPU time for each of `size` operations.
  func ours(_ size: Int) async throws -> Double {
    switch self {
    case .yieldAmong2: return try await yielding(among: 2, size / 2)
    case .yieldAmong1000: return try await yielding(among: 1000, size / 1000 + 1)
    case .spawnBatches: return try await spawning(size / 1000 + 1)
    case .spawnOnMainActor: return try await spawningOnMainActor(size / 1000 + 1)
    case .suspendResume:
      let (watch, rally) = (Stopwatch.cpu(), Rally(size / 2))
      let first = spawn { await rally.play(.first) }
      let second = spawn { await rally.play(.second) }
      try await first.value
      try await second.value
      return watch.each(of: size / 2 * 2)
    case .gatherSleeping: return try await gathering(size)
    case .gatherLimited: return try await gatheringLimited(size).figure
    case .gatherMemory: return try await gatheringLimited(size).bytes
    case .sleepingTasks: return try await sleeping(size)
    case .cancelSleeping: return try await cancelling(size)
    case .timerMemory: return pendingTimerMemory(size)
    }
  }

  private func yielding(among tasks: Int, _ turns: Int) async throws -> Double {
    let watch = Stopwatch.cpu()
    let handles = spawn(over: 0..<tasks) { _ in for _ in 0..<turns { await yield() } }
    for handle in handles { try await handle.value }
    return watch.each(of: tasks * turns)
  }

  private func spawning(_ batches: Int) async throws -> Double {
    let watch = Stopwatch.cpu()
    var sum = 0
    for _ in 0..<batches {
      let handles = spawn(over: 0..<1000) { number in number }
      for handle in handles { sum += try await handle.value }
    }
    return try spawned(batches, sum, watch)
  }

  /// The compiler makes the closures main-actor ones here, and wraps each for a function that runs anywhere.
  @MainActor private func spawningOnMainActor(_ batches: Int) async throws -> Double {
    let watch = Stopwatch.cpu()
    var sum = 0
    for _ in 0..<batches {
      let handles = spawn(over: 0..<1000) { number in number }
      for handle in handles { sum += try await handle.value }
    }
    return try spawned(batches, sum, watch)
  }

  /// How long each has taken, if none of the values was lost.
  private func spawned(_ batches: Int, _ sum: Int, _ watch: Stopwatch) throws -> Double {
    let figure = watch.each(of: batches * 1000)
    try Violation.unless(sum == batches * 499_500, "a spawned task's value was lost")
    return figure
  }

  private func gathering(_ size: Int) async throws -> Double {
    let watch = Stopwatch.cpu()
    var random = Random()
    let numbers = try await gather(over: (0..<size).map { ($0, random.next(below: longestSleep)) }) { item in
      try await sleep(for: .nanoseconds(item.1))
      return item.0
    }
    let figure = watch.each(of: size)
    try Violation.unless(numbers == Array(0..<size), "gather has mixed its results up")
    return figure
  }

  /// A thousand at once; how long each takes, and by how much memory has grown when all have ended.
  private func gatheringLimited(_ size: Int) async throws -> (figure: Double, bytes: Double) {
    let before = residentBytes()
    let watch = Stopwatch.cpu()
    let numbers = try await gather(over: 0..<size, limit: 1000) { number in
      await yield()
      return number
    }
    let figure = watch.each(of: size)
    let bytes = Double(residentBytes() - before) / Double(size)
    try Violation.unless(numbers.last == size - 1, "gather has lost its last result")
    return (figure, bytes)
  }

  private func sleeping(_ size: Int) async throws -> Double {
    let watch = Stopwatch.cpu()
    var random = Random()
    var handles: [TaskHandle<Void>] = []
    handles.reserveCapacity(size)
    for _ in 0..<size {
      let nanoseconds = random.next(below: longestSleep)
      handles.append(spawn { try await sleep(for: .nanoseconds(nanoseconds)) })
    }
    for handle in handles { try await handle.value }
    return watch.each(of: size)
  }

  /// Cancels all while they sleep; nothing may be left.
  private func cancelling(_ size: Int) async throws -> Double {
    let loop = EventLoop.current
    let before = loop.census
    let handles = spawn(over: 0..<size) { _ in try await sleep(for: .seconds(3600)) }
    await yield()
    try Violation.unless(loop.census.timers == size, "\(loop.census.timers) of \(size) tasks sleep")
    let watch = Stopwatch.cpu()
    for handle in handles { handle.cancel() }
    try Violation.unless(loop.census.timers == 0, "a cancelled sleep has left its timer")
    for handle in handles {
      do {
        try await handle.value
        throw Violation(description: "a cancelled sleep has come to its end")
      } catch is CancellationError {}
    }
    let figure = watch.each(of: size)
    try Violation.unless(loop.census == before, "left after cancelled sleeps: \(loop.census)")
    return figure
  }
}

extension Trial {
  /// On Swift's default executor. Nanoseconds of CPU time for each of `size` operations.
  @concurrent func control(_ size: Int) async -> Double {
    switch self {
    case .yieldAmong2: return await yieldingControl(among: 2, size / 2)
    case .yieldAmong1000: return await yieldingControl(among: 1000, size / 1000 + 1)
    case .spawnBatches, .spawnOnMainActor: return await spawningControl(size / 1000 + 1)
    case .suspendResume:
      let rally = Rally(size / 2)
      let watch = Stopwatch.cpu()
      // SAFETY: the pool has one thread: the rally is touched by one at a time, as on the loop.
      nonisolated(unsafe) let shared = rally
      let first = Task { await shared.play(.first) }
      let second = Task { await shared.play(.second) }
      await first.value
      await second.value
      return watch.each(of: size / 2 * 2)
    case .sleepingTasks: return await sleepingControl(size)
    case .gatherSleeping, .gatherLimited, .gatherMemory, .cancelSleeping, .timerMemory:
      preconditionFailure("This trial has no control")
    }
  }

  private func yieldingControl(among tasks: Int, _ turns: Int) async -> Double {
    let watch = Stopwatch.cpu()
    let handles = (0..<tasks).map { _ in Task { for _ in 0..<turns { await Task.yield() } } }
    for handle in handles { await handle.value }
    return watch.each(of: tasks * turns)
  }

  private func spawningControl(_ batches: Int) async -> Double {
    let watch = Stopwatch.cpu()
    var sum = 0
    for _ in 0..<batches {
      let handles = (0..<1000).map { number in Task { number } }
      for handle in handles { sum += await handle.value }
    }
    precondition(sum == batches * 499_500)
    return watch.each(of: batches * 1000)
  }

  private func sleepingControl(_ size: Int) async -> Double {
    let watch = Stopwatch.cpu()
    var random = Random()
    let handles = (0..<size).map { _ in
      let nanoseconds = random.next(below: longestSleep)
      return Task { try await Task.sleep(for: .nanoseconds(nanoseconds)) }
    }
    for handle in handles { _ = await handle.result }
    return watch.each(of: size)
  }
}

/// Two tasks that take turns: each resumes the other and suspends.
final class Rally {
  enum Side { case first, second }

  private var waiting: UnsafeContinuation<Void, Never>?
  private let turns: Int

  init(_ turns: Int) {
    self.turns = turns
  }

  func play(_ side: Side) async {
    for turn in 0..<turns {
      // The last turn of the second has nobody to wait for.
      if side == .second, turn == turns - 1 { break }
      await withUnsafeContinuation { mine in
        let other = waiting
        waiting = mine
        other?.resume()
      }
    }
    waiting?.resume()
    waiting = nil
  }
}
