@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct WaitTests {
  /// Tasks that end after so many seconds; a negative number fails after its amount.
  private static func start(
    _ seconds: [Int], isolation: isolated (any Actor)? = #isolation
  ) -> [TaskHandle<Int>] {
    spawn(over: seconds) { seconds in
      try await sleep(for: .seconds(abs(seconds)))
      guard seconds >= 0 else { throw Broken(number: -seconds) }
      return seconds
    }
  }

  /// Cancels tasks, and awaits their ends.
  private static func end(_ tasks: [TaskHandle<Int>]) async {
    for task in tasks { task.cancel() }
    for task in tasks { _ = await errorOf { _ = try await task.value } }
  }

  private static func seconds() -> Int64 { EventLoop.current.now.nanoseconds / 1_000_000_000 }

  @Test func `wait for the first to end`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([3, 1, 2])
      let (done, pending) = try await wait(for: tasks, until: .firstCompleted)
      #expect(WaitTests.seconds() == 1)
      #expect(done.count == 1 && pending.count == 2)
      let value = try await done[0].value
      #expect(value == 1)
      #expect(pending.allSatisfy { !$0.isDone })
      await WaitTests.end(pending)
    }
  }

  @Test func `an error is an end too`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([3, -1])
      let (done, pending) = try await wait(for: tasks, until: .firstCompleted)
      #expect(done.count == 1 && pending.count == 1)
      await WaitTests.end(done + pending)
    }
  }

  @Test func `wait for the first error`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([1, 4, -2, -3])
      let (done, pending) = try await wait(for: tasks, until: .firstError)
      #expect(WaitTests.seconds() == 2)
      #expect(done.count == 2 && pending.count == 2)
      let value = try await done[0].value
      #expect(value == 1)
      await #expect(throws: Broken(number: 2)) { try await done[1].value }
      await WaitTests.end(pending)
    }
  }

  @Test func `without an error wait for the first error waits for all, and a cancelled task is none`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([1, 100, 2])
      spawn { tasks[1].cancel() }
      let (done, pending) = try await wait(for: tasks, until: .firstError)
      #expect(WaitTests.seconds() == 2)
      #expect(done.count == 3 && pending.isEmpty)
    }
  }

  @Test func `wait for all keeps their order and throws none of their errors`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([3, -1, 2])
      let (done, pending) = try await wait(for: tasks)
      #expect(WaitTests.seconds() == 3)
      #expect(pending.isEmpty)
      let first = try await done[0].value
      let last = try await done[2].value
      #expect([first, last] == [3, 2])
      await #expect(throws: Broken(number: 1)) { try await done[1].value }
    }
  }

  @Test(arguments: [WaitCondition.all, .firstError])
  func `when the time is over it returns what is pending, and cancels nothing`(condition: WaitCondition) async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([1, 5, 6])
      let (done, pending) = try await wait(for: tasks, until: condition, timeout: .seconds(2))
      #expect(WaitTests.seconds() == 2)
      #expect(done.count == 1 && pending.count == 2)
      for task in pending { _ = try await task.value }
      #expect(WaitTests.seconds() == 6)
    }
  }

  @Test func `no time at all gives what has ended`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([1, 3])
      try await sleep(for: .seconds(2))
      let (done, pending) = try await wait(for: tasks, timeout: .zero)
      #expect(WaitTests.seconds() == 2)
      #expect(done.count == 1 && pending.count == 1)
      await WaitTests.end(pending)
    }
  }

  @Test func `what has ended before is there at once, and nothing is waited for`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([-1, 0, 5])
      try await sleep(for: .seconds(2))
      for condition in [WaitCondition.firstCompleted, .firstError] {
        let (done, pending) = try await wait(for: tasks, until: condition)
        #expect(done.count == 2 && pending.count == 1)
      }
      let (done, pending) = try await wait(for: [TaskHandle<Int>](), until: .firstCompleted)
      #expect(done.isEmpty && pending.isEmpty)
      #expect(WaitTests.seconds() == 2)
      await WaitTests.end(tasks)
    }
  }

  @Test func `a cancelled wait throws, leaves nothing behind and cancels nothing`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([5, 6])
      try await sleep(for: .seconds(1))
      let before = EventLoop.current.census
      let waiting = spawn { _ = try await wait(for: tasks, timeout: .seconds(100)) }
      try await sleep(for: .seconds(1))
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      await yield()
      #expect(EventLoop.current.census == before)
      _ = try await wait(for: tasks)
      #expect(WaitTests.seconds() == 6)
    }
  }

  @Test func `an error that only wait has seen is still reported`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try await runOnLoop(allowsUnawaitedErrors: true) {
        _ = try await wait(for: [spawn(name: "unseen") { throw Broken() }])
        for try await _ in asCompleted([spawn(name: "seen") { throw Broken() }]) {}
      }
    }
    let reports = String(decoding: result.standardErrorContent, as: UTF8.self).split(separator: "\n")
    #expect(reports.count { $0.contains("'unseen'") && $0.contains("failed") } == 1)
    #expect(!reports.contains { $0.contains("'seen'") })
  }

  @Test func `several tasks wait for the same ones`() async throws {
    try await runOnLoop {
      let tasks = WaitTests.start([1, 2])
      let counts = try await gather(over: 0..<10) { number in
        let (done, _) = try await wait(for: tasks, until: number < 5 ? .firstCompleted : .all)
        return done.count
      }
      #expect(counts == Array(repeating: 1, count: 5) + Array(repeating: 2, count: 5))
    }
  }

  @Test func `under any order each condition holds when it returns`() async throws {
    try await runUnderSeeds(0..<300) { seed in
      var random = Shuffle(seed: seed)
      let tasks = WaitTests.start((0..<6).map { _ in Int.random(in: -2...3, using: &random) })
      let condition = [WaitCondition.firstCompleted, .firstError, .all][Int(seed % 3)]
      let timeout = [nil, Duration.seconds(1), .zero][Int(seed / 3 % 3)]
      let (done, pending) = try await wait(for: tasks, until: condition, timeout: timeout)
      try check(done.count + pending.count == 6, "one is lost")
      try check(done.allSatisfy(\.isDone) && pending.allSatisfy { !$0.isDone }, "one is in the wrong place")
      var hasFailed = false
      for task in done where await errorOf({ _ = try await task.value }) != nil { hasFailed = true }
      if timeout == nil {
        switch condition {
        case .firstCompleted: try check(!done.isEmpty, "none has ended")
        case .firstError: try check(hasFailed || pending.isEmpty, "none has failed")
        case .all: try check(pending.isEmpty, "not all have ended")
        }
      }
      await WaitTests.end(tasks)
    }
  }

  @Test(arguments: [1_000, 100_000])
  func `tasks that end in reverse order cost a bounded number of turns each`(count: Int) async throws {
    try await runOnLoop {
      let before = EventLoop.current.statistics
      let tasks = spawn(over: 0..<count) { number in try await sleep(for: .microseconds(count - number)) }
      let (done, _) = try await wait(for: tasks)
      #expect(done.count == count)
      let after = EventLoop.current.statistics
      // A start, a wake, its news and a look at them for each.
      #expect(after.turns - before.turns <= 4 * count + 10)
    }
  }
}
