import EpollLoopTesting
import Testing

@testable import EpollLoop

/// Random programs on one semaphore, under every order of equally ready tasks.
///
/// The run itself throws if a task, a waiter or a timer is left, and hangs if a wake-up is lost: the
/// clock has nowhere to jump to.
@Suite struct SemaphoreModelTests {
  /// What tasks do with a semaphore, and what they have of it.
  private final class Model {
    var held = 0
    var most = 0
    var done: [String: Int] = [:]
    /// How many they may have together.
    let limit: Int

    init(limit: Int) {
      self.limit = limit
    }

    func count(_ what: String) {
      done[what, default: 0] += 1
    }

    func took(_ count: Int) throws {
      held += count
      most = max(most, held)
      if held > limit { throw Broken(number: held) }
    }
  }

  /// One task: takes, keeps, gives back; some of it in vain.
  private static func work(_ semaphore: Semaphore, _ model: Model, _ random: inout Shuffle) async throws {
    for _ in 0..<6 {
      let count = [1, 1, 1, 2, 3].randomElement(using: &random) ?? 1
      let pause = Duration.nanoseconds(Int64.random(in: 0...8, using: &random))
      switch Int.random(in: 0..<4, using: &random) {
      case 0:
        guard semaphore.tryAcquire(count) else {
          model.count("refused")
          continue
        }
        model.count("tried")
        try await keep(count, pause, semaphore, model)
      case 1:
        let limit = Duration.nanoseconds(Int64.random(in: -1...6, using: &random))
        do {
          try await withTimeout(limit) { try await semaphore.acquire(count) }
        } catch is TimeoutError {
          model.count("timed out")
          continue
        }
        model.count("in time")
        try await keep(count, pause, semaphore, model)
      case 2:
        try await semaphore.withPermits(count) {
          try model.took(count)
          defer { model.held -= count }
          try await sleep(for: pause)
        }
        model.count("body")
      default:
        try await semaphore.acquire(count)
        model.count("taken")
        try await keep(count, pause, semaphore, model)
      }
    }
  }

  private static func keep(
    _ count: Int, _ pause: Duration, _ semaphore: Semaphore, _ model: Model
  ) async throws {
    defer {
      model.held -= count
      semaphore.release(count)
    }
    try model.took(count)
    try await sleep(for: pause)
  }

  /// Runs a program; what it has done.
  private static func run(_ seed: UInt64) async throws -> [String: Int] {
    var random = Shuffle(seed: seed)
    let semaphore = Semaphore(limit: 3)
    let model = Model(limit: 3)
    let seeds = (0..<8).map { _ in random.next() }
    let tasks = spawn(over: seeds) { seed in
      var own = Shuffle(seed: seed)
      try await work(semaphore, model, &own)
    }
    for _ in 0..<4 {
      try await sleep(for: .nanoseconds(Int64.random(in: 0...6, using: &random)))
      tasks.randomElement(using: &random)?.cancel()
    }
    for task in tasks {
      do { try await task.value } catch is CancellationError { model.count("cancelled") }
    }
    if semaphore.available != 3 || semaphore.waitingCount != 0 || model.held != 0 {
      throw Broken(number: semaphore.available)
    }
    model.done["most \(model.most)"] = 1
    return model.done
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `whatever tasks do, no permit is lost or granted twice, and nobody waits for ever`(part: UInt64) async throws {
    var done: [String: Int] = [:]
    try await runUnderSeeds(part * 100..<part * 100 + 100) { seed in
      done.merge(try await SemaphoreModelTests.run(seed)) { $0 + $1 }
    }
    let all: Set = ["refused", "tried", "timed out", "in time", "body", "taken", "cancelled", "most 3"]
    #expect(all.isSubset(of: done.keys))
    #expect(all.allSatisfy { done[$0, default: 0] >= 20 }, "\(done)")
  }

  @Test func `a changing limit holds too`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      var random = Shuffle(seed: seed)
      let semaphore = Semaphore(limit: 2)
      let model = Model(limit: .max)
      let seeds = (0..<6).map { _ in random.next() }
      let tasks = spawn(over: seeds) { seed in
        var own = Shuffle(seed: seed)
        try await SemaphoreModelTests.work(semaphore, model, &own)
      }
      for _ in 0..<8 {
        try await sleep(for: .nanoseconds(Int64.random(in: 0...6, using: &random)))
        let limit = Int.random(in: 0...5, using: &random)
        semaphore.resize(to: limit)
        if semaphore.available > max(0, limit - model.held) { throw Broken(number: limit) }
        if Bool.random(using: &random) { tasks.randomElement(using: &random)?.cancel() }
      }
      semaphore.resize(to: 3)
      for task in tasks {
        do { try await task.value } catch is CancellationError { model.count("cancelled") }
      }
      if semaphore.available != 3 || semaphore.waitingCount != 0 { throw Broken() }
    }
  }
}
