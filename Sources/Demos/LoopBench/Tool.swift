import EpollLoop

/// A way to have work done by child tasks, and the same by hand.
enum Tool: String, CaseIterable {
  case spawnOver = "spawn(over:) 1,000 and await"
  case gatherOver = "gather(over:), 1,000"
  case gatherLimited = "gather(over:limit: 100), 1,000"
  case gatherSettled = "gatherSettled(over:), 1,000"
  case scopeSpawn = "scope.spawn, 1,000"
  case scopeSpawnLimited = "scope.spawn, limit 100, 1,000"
  case asCompleted = "withAsCompleted(over:), 1,000"
  case raceOver = "race(over:), 1,000"
  case gatherStrings = "gather(over:) of strings, 1,000"
  case gatherFew = "gather of 4"
  case gatherPack = "gather of 5"
  case scopeFew = "scope.spawn, 4"
  case raceFew = "race of 4"
  case timeout = "withTimeout"
  case retry = "retry"
  case offload = "offload, 100 in flight"

  /// How many children a batch has.
  var children: Int {
    switch self {
    case .spawnOver, .gatherOver, .gatherLimited, .gatherSettled, .scopeSpawn, .scopeSpawnLimited, .asCompleted,
      .raceOver, .gatherStrings:
      1000
    case .gatherFew, .scopeFew, .raceFew: 4
    case .gatherPack: 5
    case .timeout, .retry: 1
    case .offload: 1000
    }
  }

  var target: Bench.Target {
    switch self {
    case .spawnOver: .none
    case .gatherOver, .gatherLimited, .gatherSettled, .scopeSpawn, .scopeSpawnLimited, .gatherStrings, .gatherFew:
      .timesControl(1.1)
    // The scope's body is a fifth task.
    case .scopeFew: .timesControl(1.3)
    // The compiler specialises nothing that is done for the elements of a pack.
    case .gatherPack: .timesControl(1.5)
    case .asCompleted, .raceOver, .raceFew, .timeout, .retry, .offload: .timesControl(1.3)
    }
  }

  /// What a batch adds up to.
  var expectedSum: Int {
    switch self {
    case .raceOver: 0
    case .raceFew, .timeout, .retry: 1
    case .gatherFew, .scopeFew: 10
    case .gatherPack: 15
    case .gatherStrings: children
    default: children * (children - 1) / 2
    }
  }
}

extension Tool {
  /// A batch done by the tool.
  func sum() async throws -> Int {
    switch self {
    case .spawnOver: try await awaiting(spawn(over: 0..<children) { number in number })
    case .gatherOver: try await gather(over: 0..<children) { number in number }.reduce(0, +)
    case .gatherLimited: try await gather(over: 0..<children, limit: 100) { number in number }.reduce(0, +)
    case .gatherSettled:
      try await EpollLoop.gatherSettled(over: 0..<children) { number in number }.reduce(0) { try $0 + $1.get() }
    case .scopeSpawn: try await scoping(children)
    case .scopeSpawnLimited: try await scoping(children, limit: 100)
    case .asCompleted: try await completing(children)
    case .raceOver: try await race(over: 0..<children) { number in number }
    case .gatherStrings: try await gather(over: 0..<children) { _ in "x" }.reduce(0) { $0 + $1.utf8.count }
    case .gatherFew: try await gatheringFew()
    case .gatherPack: try await gatheringPack()
    case .scopeFew: try await scoping(4) + 4
    case .raceFew: try await race({ 1 }, { 2 }, { 3 }, { 4 })
    case .timeout: try await withTimeout(.seconds(3600)) { 1 }
    case .retry: try await EpollLoop.retry(attempts: 3) { attempt in attempt }
    case .offload: try await offloading()
    }
  }

  private func scoping(_ count: Int, limit: Int = .max) async throws -> Int {
    let sum = Sum()
    try await withTaskScope(limit: limit) { scope in
      for number in 0..<count { scope.spawn { sum.value += number } }
    }
    return sum.value
  }

  private func completing(_ count: Int) async throws -> Int {
    try await withAsCompleted(over: 0..<count) { number in
      number
    } body: { completions in
      var sum = 0
      for try await completion in completions { sum += try completion.value }
      return sum
    }
  }

  private func offloading() async throws -> Int {
    try await gather(over: 0..<children, limit: 100) { number in
      try await EpollLoop.offload { number }
    }.reduce(0, +)
  }

  private func gatheringPack() async throws -> Int {
    let (first, second, third, fourth, fifth) = try await gather({ 1 }, { 2 }, { 3 }, { 4 }, { 5 })
    return first + second + third + fourth + fifth
  }

  private func gatheringFew() async throws -> Int {
    let (first, second, third, fourth) = try await gather({ 1 }, { 2 }, { 3 }, { 4 })
    return first + second + third + fourth
  }
}

extension Tool {
  /// The same batch with `spawn` and `await`, and what a program without the tool would write.
  func controlSum() async throws -> Int {
    switch self {
    case .gatherFew: try await spawningFew()
    case .gatherPack: try await spawningFive()
    case .raceFew: try await spawningFew() - 9
    case .raceOver: try await awaiting(spawn(over: 0..<children) { number in number }) * 0
    case .gatherStrings: try await awaitingStrings(spawn(over: 0..<children) { _ in "x" })
    case .scopeSpawn, .scopeSpawnLimited: try await spawning(children)
    case .scopeFew: try await spawning(4) + 4
    case .timeout: try await limiting()
    case .retry: try await trying { attempt in attempt }
    case .offload: try await offloadingByHand()
    default: try await awaiting(spawn(over: 0..<children) { number in number })
    }
  }

  private func spawning(_ count: Int) async throws -> Int {
    let sum = Sum()
    var handles: [TaskHandle<Void>] = []
    for number in 0..<count { handles.append(spawn { sum.value += number }) }
    for handle in handles { try await handle.value }
    return sum.value
  }

  private func awaiting(_ handles: [TaskHandle<Int>]) async throws -> Int {
    var sum = 0
    for handle in handles { sum += try await handle.value }
    return sum
  }

  private func awaitingStrings(_ handles: [TaskHandle<String>]) async throws -> Int {
    var sum = 0
    for handle in handles { sum += try await handle.value.utf8.count }
    return sum
  }

  private func spawningFew() async throws -> Int {
    let (first, second, third, fourth) = (spawn { 1 }, spawn { 2 }, spawn { 3 }, spawn { 4 })
    return try await first.value + second.value + third.value + fourth.value
  }

  private func spawningFive() async throws -> Int {
    let (first, second, third, fourth, fifth) = (spawn { 1 }, spawn { 2 }, spawn { 3 }, spawn { 4 }, spawn { 5 })
    return try await first.value + second.value + third.value + fourth.value + fifth.value
  }

  /// A time limit by hand: a task, and a callback that cancels it.
  private func limiting() async throws -> Int {
    let task = spawn { 1 }
    let end = EventLoop.current.schedule(after: .seconds(3600)) { task.cancel() }
    let value = try await task.value
    end.cancel()
    return value
  }

  /// Attempts by hand; not inlined, as no tool is.
  @inline(never)
  private func trying(
    wait: Backoff = .exponential(), _ body: @escaping (Int) async throws -> Int
  ) async throws -> Int {
    let start = EventLoop.current.now
    var generator = SystemRandomNumberGenerator()
    var attempt = 0
    while true {
      try Task.checkCancellation()
      attempt += 1
      do {
        return try await body(attempt)
      } catch {
        if attempt == 3 || error is CancellationError { throw error }
        if EventLoop.current.now - start > .seconds(3600) { throw error }
        try await sleep(for: wait.wait(after: attempt, using: &generator))
      }
    }
  }

  /// Calls without a value that leave theirs in an object.
  private func offloadingByHand() async throws -> Int {
    try await gather(over: 0..<children, limit: 100) { number in
      let shared = SharedSum()
      try await EpollLoop.offload { shared.value = number }
      return shared.value
    }.reduce(0, +)
  }
}

/// A number that tasks of one loop share.
private final class Sum {
  var value = 0
}

/// A number that a call on another thread leaves for its task.
// SAFETY: the task waits for the call.
private final class SharedSum: @unchecked Sendable {
  var value = 0
}
