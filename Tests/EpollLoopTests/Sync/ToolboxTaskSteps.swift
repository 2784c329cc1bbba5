@testable import EpollLoop

/// What the tasks of a random program do with other tasks, and what must hold of it.
extension ToolboxProgram {
  func useTasks(_ random: inout Shuffle, _ place: ToolboxPlace, _ kind: Int) async throws {
    let seeds = (0..<Int.random(in: 1...3, using: &random)).map { _ in random.next() }
    let limit = [1, 2, 3, .max][Int.random(in: 0..<4, using: &random)]
    switch kind {
    case 0...2: try await limitTime(seeds[0], delay(&random, upTo: 25), place.deeper())
    case 3: try await gatherSome(seeds, limit, place.deeper())
    case 4: try await raceSome(seeds, place.deeper())
    case 5: try await stagger(seeds, delay(&random, upTo: 6), place.deeper())
    case 6: try await shieldOne(seeds[0], place.deeper())
    case 7, 8: try await openScope(seeds, limit, place.deeper())
    case 9: try await waitForSome(seeds, &random, place.deeper())
    case 10: try await completeHandles(seeds, breaksOff: random.next() % 3 == 0, place.deeper())
    case 11: try await completeSome(seeds, limit, breaksOff: random.next() % 3 == 0, place.deeper())
    case 12: try await retrySome(seeds[0], &random, place.deeper())
    case 13: try await groupSome(seeds, place.deeper())
    default: await awaitOther(&random, place)
    }
  }

  /// When a task was cancelled, and when it ended.
  // SAFETY: on one loop's thread.
  private final class Probe: @unchecked Sendable {
    var cancellation: Instant?
    var end: Instant?
  }

  private func limitTime(_ seed: UInt64, _ limit: Duration, _ place: ToolboxPlace) async throws {
    let group = ToolboxGroup(ledger)
    let (probe, start) = (Probe(), EventLoop.current.now)
    let deadline = max(start, start + limit)
    let result = await outcome {
      try await withTimeout(limit) {
        defer { probe.end = EventLoop.current.now }
        return try await withCancellationHandler {
          try await self.body(seed, place, in: group)
        } onCancel: {
          probe.cancellation = EventLoop.current.now
        }
      }
    }
    group.check(.timeout)
    let times = "from \(start.nanoseconds) to \(deadline.nanoseconds)"
    if let cancellation = probe.cancellation {
      ledger.check(cancellation <= deadline, "\(times) and cancelled at \(cancellation)")
      ledger.check(cancellation == deadline || Task.isCancelled, "\(times), but cancelled at \(cancellation)")
    } else {
      ledger.check(probe.end.map { $0 <= deadline } ?? false, "\(times), never cancelled, and did not end in time")
    }
    if let error = result.error as? TimeoutError {
      ledger.check(error.timeout == limit && probe.cancellation == deadline, "\(times): \(error)")
      return ledger.note(.timeout, 1, 0, Int(limit / .milliseconds(1)))
    }
    try group.settle(.timeout, result, expected: group.ends.first ?? .failure(CancellationError()))
  }

  private func gatherSome(_ seeds: [UInt64], _ limit: Int, _ place: ToolboxPlace) async throws {
    let group = ToolboxGroup(ledger)
    let result = await outcome {
      try await gather(over: seeds, limit: limit) { seed in
        defer { group.checkCancelled(.gather, after: group.errors.count > 1) }
        return try await self.body(seed, place, in: group)
      }
    }
    group.check(.gather, limit: limit)
    var expected = Result<[Int], any Error>.success(seeds.map(Self.value))
    if group.begun < seeds.count { expected = .failure(CancellationError()) }
    if let error = group.errors.first { expected = .failure(error) }
    try group.settle(.gather, result, expected: expected)
  }

  private func raceSome(_ seeds: [UInt64], _ place: ToolboxPlace) async throws {
    let group = ToolboxGroup(ledger)
    let result = await outcome {
      try await race(over: seeds) { seed in
        defer { group.checkCancelled(.race, after: group.ends.count > 1) }
        return try await self.body(seed, place, in: group)
      }
    }
    group.check(.race)
    try group.settle(.race, result, expected: group.ends.first ?? .failure(CancellationError()))
  }

  private func stagger(_ seeds: [UInt64], _ delay: Duration, _ place: ToolboxPlace) async throws {
    let group = ToolboxGroup(ledger)
    let result = await outcome {
      try await race(over: seeds, staggeredBy: delay) { seed in
        self.ledger.check(group.values.isEmpty, "a race goes on after its end")
        defer { group.checkCancelled(.stagger, after: group.values.count > 1) }
        return try await self.body(seed, place, in: group)
      }
    }
    group.check(.stagger)
    if let error = result.error as? RaceError {
      let haveAllFailed = group.values.first == nil && group.ends.count == seeds.count
      ledger.check(haveAllFailed && error.errors.count == seeds.count, "a race is over too soon")
      return ledger.note(.stagger, 1, seeds.count)
    }
    if result.error != nil { ledger.check(Task.isCancelled, "a race was cancelled by nobody") }
    try group.settle(
      .stagger, result, expected: group.values.first.map { .success($0) } ?? .failure(CancellationError()))
  }

  private func shieldOne(_ seed: UInt64, _ place: ToolboxPlace) async throws {
    let group = ToolboxGroup(ledger)
    let result = await outcome {
      try await shield {
        defer { self.ledger.check(!Task.isCancelled, "a shield has let a cancellation through") }
        return try await self.body(seed, place, in: group)
      }
    }
    group.check(.shield)
    try group.settle(.shield, result, expected: group.ends.first ?? .failure(CancellationError()))
  }

  private func waitForSome(_ seeds: [UInt64], _ random: inout Shuffle, _ place: ToolboxPlace) async throws {
    var tasks: [TaskHandle<Int>] = []
    for seed in seeds { tasks.append(start(seed, place)) }
    let condition = [WaitCondition.all, .firstCompleted, .firstError][Int.random(in: 0..<3, using: &random)]
    let limit = Bool.random(using: &random) ? delay(&random) : nil
    let begin = EventLoop.current.now
    defer { if seeds[0] % 2 == 0 { for task in tasks { task.cancel() } } }
    do {
      let (done, pending) = try await wait(for: tasks, until: condition, timeout: limit)
      ledger.check(done.allSatisfy(\.isDone) && pending.allSatisfy { !$0.isDone }, "wait(for:) mixes tasks up")
      ledger.check(done.count + pending.count == tasks.count, "wait(for:) has lost a task")
      let isOver = limit.map { EventLoop.current.now == max(begin, begin + $0) } ?? false
      let isEnough = condition == .firstCompleted ? !done.isEmpty : condition == .firstError || pending.isEmpty
      ledger.check(isOver || isEnough, "wait(for:) did not wait: \(done.count) of \(tasks.count)")
      ledger.note(.wait, 0, done.count, pending.count)
    } catch {
      ledger.check(Task.isCancelled, "wait(for:) was cancelled by nobody")
      ledger.note(.wait, 2)
      throw error
    }
  }

  private func completeHandles(_ seeds: [UInt64], breaksOff: Bool, _ place: ToolboxPlace) async throws {
    var tasks: [TaskHandle<Int>] = []
    for seed in seeds { tasks.append(start(seed, place)) }
    var places: [Int] = []
    do {
      for try await completion in asCompleted(tasks) {
        places.append(completion.index)
        ledger.check(tasks[completion.index].isDone, "a task that runs has completed")
        if breaksOff { break }
      }
      ledger.check(breaksOff || places.sorted() == Array(seeds.indices), "asCompleted gives \(places)")
      ledger.note(.completed, 0, places.count)
    } catch {
      ledger.check(Task.isCancelled, "asCompleted was cancelled by nobody")
      ledger.note(.completed, 2)
      for task in tasks { task.cancel() }
      throw error
    }
  }

  private func completeSome(
    _ seeds: [UInt64], _ limit: Int, breaksOff: Bool, _ place: ToolboxPlace
  ) async throws {
    let group = ToolboxGroup(ledger)
    let result = await outcome {
      try await withAsCompleted(over: seeds, limit: limit) {
        try await self.body($0, place, in: group)
      } body: { completions in
        var places: [Int] = []
        var values: [Int] = []
        for try await completion in completions {
          places.append(completion.index)
          if let value = try? completion.value {
            values.append(value)
            self.ledger.check(value == Self.value(of: seeds[completion.index]), "\(completion) is another one's")
            self.ledger.check(group.values.starts(with: values), "\(completion) is out of order")
          }
          if breaksOff { break }
        }
        return places.sorted()
      }
    }
    group.check(.completed, limit: limit)
    if breaksOff, case .success = result { return ledger.note(.completed, 1) }
    if result.error != nil { ledger.check(Task.isCancelled, "withAsCompleted was cancelled by nobody") }
    let isCancelled = result.error is CancellationError
    try group.settle(
      .completed, result, expected: isCancelled ? .failure(CancellationError()) : .success(Array(seeds.indices)))
  }

  private func retrySome(_ seed: UInt64, _ random: inout Shuffle, _ place: ToolboxPlace) async throws {
    let group = ToolboxGroup(ledger)
    let attempts = Int.random(in: 1...3, using: &random)
    let waits: [Backoff] = [.none, .fixed(.milliseconds(2)), .exponential(from: .milliseconds(1))]
    let wait = waits[Int.random(in: 0..<3, using: &random)]
    let attemptLimit =
      Bool.random(using: &random) ? Duration.milliseconds(Int64.random(in: 1...9, using: &random)) : nil
    let limit = Bool.random(using: &random) ? delay(&random) : nil
    let result = await outcome {
      try await retry(
        attempts: attempts, wait: wait, attemptLimit: attemptLimit, within: limit
      ) { attempt in
        try await self.body(seed &+ UInt64(attempt) &* 8191, place, in: group)
      }
    }
    group.check(.retry, limit: 1)
    ledger.check(group.begun <= attempts, "\(group.begun) attempts, at most \(attempts)")
    switch result {
    case .success(let value):
      ledger.check(group.ends.last.map { (try? $0.get()) == value } ?? false, "a value that no attempt has had")
      ledger.note(.retry, 0, group.begun)
    case .failure(is CancellationError):
      ledger.note(.retry, 2, group.begun)
      throw CancellationError()
    case .failure(let error):
      // The error of an attempt that was the last one because its task was cancelled meanwhile.
      let isLast = Task.isCancelled && (error is ToolboxBroken || error is TimeoutError)
      ledger.check((error is RetryError || isLast) && group.values.first == nil, "a retry came to \(error)")
      ledger.note(.retry, 1, group.begun)
    }
  }

  /// Has child tasks of Swift's own.
  private func groupSome(_ seeds: [UInt64], _ place: ToolboxPlace) async throws {
    let group = ToolboxGroup(ledger)
    async let first = outcome { try await inLoopActor { try await self.body(seeds[0], place, in: group) } }
    let others = await outcome {
      try await withThrowingTaskGroup(of: Int.self) { children in
        for seed in seeds.dropFirst() {
          children.addTask { try await inLoopActor { try await self.body(seed, place, in: group) } }
        }
        return try await children.reduce(0, +)
      }
    }
    let result = await first
    group.check(.group)
    ledger.note(.group, others.error == nil ? 0 : 1, group.begun)
    if result.error is CancellationError { throw CancellationError() }
  }

  /// Awaits a task that was started earlier, and never awaits this one.
  private func awaitOther(_ random: inout Shuffle, _ place: ToolboxPlace) async {
    guard place.rank == 0, place.depth == 0, place.worker > 0 else { return }
    let other = handles[Int.random(in: 0..<place.worker, using: &random)]
    let result = await outcome { try await other.value }
    ledger.check(other.isDone || Task.isCancelled, "a value came before its end")
    ledger.note(.await, result.error == nil ? 0 : 1)
  }
}
