@testable import EpollLoop

/// A random program of tasks in tasks, and the rules that it must keep whatever it does.
///
/// Every choice comes from a seed that a body inherits from its parent, and none from the order in
/// which bodies run: the same seed is the same program, under any order.
final class RandomTree {
  /// Everything that happened, with the time.
  private(set) var trace: [String] = []
  /// What went against the rules.
  private(set) var violations: [String] = []
  /// How often each thing was done, to see that all of it is.
  private(set) var done: [String: Int] = [:]
  /// How many bodies have started and not ended.
  var openBodies: Int { open.count }

  private var open: Set<Int> = []
  private var ended: Set<Int> = []
  private var nextBody = 0
  private var nextScope = 0
  /// How many bodies run in a scope that somebody waits for.
  private var running: [Int: Int] = [:]

  private static let maximumDepth = 4

  /// Runs a body; `scope` is the one that must not end before it.
  func run(seed: UInt64, depth: Int = 0, scope: Int? = nil) async throws -> Int {
    let body = nextBody
    nextBody += 1
    note(body, "starts")
    if let scope { running[scope, default: 0] += 1 }
    open.insert(body)
    defer {
      if let scope { running[scope, default: 0] -= 1 }
      if open.remove(body) == nil || !ended.insert(body).inserted { violations.append("\(body) ended twice") }
      note(body, "ends")
    }
    var random = Shuffle(seed: seed)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      try await step(body, depth, &random)
    }
    return body
  }

  private func note(_ body: Int, _ what: String) {
    trace.append("\(EventLoop.current.now.nanoseconds) \(body) \(what)")
  }

  private func count(_ what: String) {
    done[what, default: 0] += 1
  }

  private func step(_ body: Int, _ depth: Int, _ random: inout Shuffle) async throws {
    let seed = random.next()
    let isLeaf = depth == RandomTree.maximumDepth
    switch Int.random(in: 0..<(isLeaf ? 5 : 14), using: &random) {
    case 0, 1:
      count("sleep")
      try await sleep(for: .nanoseconds(Int64.random(in: -1...20, using: &random)))
    case 2:
      count("yield")
      await yield()
    case 3 where depth > 0:
      count("throw")
      throw Broken(number: body)
    case 3, 4:
      count("swallow")
      do { try await sleep(for: .nanoseconds(3)) } catch { await yield() }
    case 5, 6:
      try await gatherSome(seed, depth, &random)
    case 7:
      await settle(seed, depth, &random)
    case 8, 9:
      try await limit(seed, depth, &random)
    case 10:
      try await join(seed, depth, &random)
    case 11, 12:
      try await cancelOne(seed, depth, &random)
    default:
      count("drop")
      // Left over, perhaps until the run's end.
      spawn { try? await self.run(seed: seed, depth: depth + 1) }
    }
  }

  /// Runs `body` with the number of a new scope, and sees that the scope is empty afterwards.
  private func inScope<Success>(_ what: String, _ body: (Int) async throws -> Success) async rethrows -> Success {
    let scope = nextScope
    nextScope += 1
    defer {
      if running[scope, default: 0] != 0 { violations.append("\(what): \(running[scope, default: 0]) outlive it") }
    }
    return try await body(scope)
  }

  private func gatherSome(_ seed: UInt64, _ depth: Int, _ random: inout Shuffle) async throws {
    count("gather")
    let children = UInt64.random(in: 0...4, using: &random)
    let limit = [1, 2, Int.max].randomElement(using: &random) ?? 1
    do {
      try await inScope("gather") { scope in
        _ = try await gather(over: 0..<children, limit: limit) {
          try await self.run(seed: seed &+ $0, depth: depth + 1, scope: scope)
        }
      }
    } catch let error as Broken {
      note(error.number, "was thrown in a gather")
    }
  }

  private func settle(_ seed: UInt64, _ depth: Int, _ random: inout Shuffle) async {
    count("settle")
    let children = UInt64.random(in: 0...4, using: &random)
    await inScope("gatherSettled") { scope in
      let results = await gatherSettled(over: 0..<children) {
        try await self.run(seed: seed &+ $0, depth: depth + 1, scope: scope)
      }
      if results.count != Int(children) { violations.append("gatherSettled lost a result") }
    }
  }

  private func limit(_ seed: UInt64, _ depth: Int, _ random: inout Shuffle) async throws {
    count("limit")
    let limit = Duration.nanoseconds(Int64.random(in: -1...15, using: &random))
    do {
      try await inScope("withTimeout") { scope in
        _ = try await withTimeout(limit) {
          try await self.run(seed: seed, depth: depth + 1, scope: scope)
        }
      }
    } catch is TimeoutError {
      count("timeout")
    } catch let error as Broken {
      note(error.number, "was thrown in a timeout")
    }
  }

  private func join(_ seed: UInt64, _ depth: Int, _ random: inout Shuffle) async throws {
    count("join")
    let task = spawn { try await self.run(seed: seed, depth: depth + 1) }
    do {
      _ = try await task.value
      if !task.isDone { violations.append("a value came before its end") }
    } catch let error as Broken {
      note(error.number, "was thrown by a task")
    }
  }

  private func cancelOne(_ seed: UInt64, _ depth: Int, _ random: inout Shuffle) async throws {
    count("cancel")
    let task = spawn { try await self.run(seed: seed, depth: depth + 1) }
    for _ in 0..<Int.random(in: 0...3, using: &random) { await yield() }
    if Bool.random(using: &random) {
      try await sleep(for: .nanoseconds(Int64.random(in: 0...10, using: &random)))
    }
    task.cancel()
    if Bool.random(using: &random) { task.cancel() }
    do {
      _ = try await task.value
    } catch is CancellationError where !Task.isCancelled {
      count("cancelled")
    } catch let error as Broken {
      note(error.number, "was thrown by a cancelled task")
    }
  }
}
