@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct TaskScopeLimitTests {
  @Test(arguments: [1, 3, 100])
  func `never more than the limit run at once, and they start first come, first served`(limit: Int) async throws {
    try await runOnLoop {
      var running = 0
      var most = 0
      var started: [Int] = []
      try await withTaskScope(limit: limit) { scope in
        for number in 0..<20 {
          scope.spawn {
            started.append(number)
            running += 1
            most = max(most, running)
            defer { running -= 1 }
            try await sleep(for: .seconds(1 + number * 7 % 5))
          }
        }
      }
      #expect(most == min(limit, 20))
      #expect(started == Array(0..<20))
    }
  }

  @Test func `tasks that come later neither overtake nor go beyond the limit`() async throws {
    try await runOnLoop {
      var running = 0
      var most = 0
      var started: [Int] = []
      try await withTaskScope(limit: 2) { scope in
        for number in 0..<12 {
          scope.spawn {
            started.append(number)
            running += 1
            most = max(most, running)
            defer { running -= 1 }
            try await sleep(for: .seconds(3))
          }
          try await sleep(for: .seconds(1))
        }
      }
      #expect(most == 2)
      #expect(started == Array(0..<12))
    }
  }

  @Test func `a task that waits for room may be cancelled, and the next one takes its turn`() async throws {
    try await runOnLoop {
      var started: [Int] = []
      try await withTaskScope(limit: 1) { scope in
        var tasks: [TaskHandle<Void>] = []
        for number in 0..<4 {
          tasks.append(
            scope.spawn {
              started.append(number)
              try await sleep(for: .seconds(1))
            })
        }
        await yield()
        await yield()
        tasks[1].cancel()
        await #expect(throws: CancellationError.self) { try await tasks[1].value }
        #expect(EventLoop.current.now == Instant(nanoseconds: 0))
      }
      #expect(started == [0, 2, 3])
      #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
    }
  }

  @Test func `a task that is cancelled when its turn has come passes it on`() async throws {
    try await runOnLoop {
      var started: [Int] = []
      try await withTaskScope(limit: 1) { scope in
        var tasks: [TaskHandle<Void>] = []
        for number in 0..<3 {
          tasks.append(
            scope.spawn {
              started.append(number)
              try await sleep(for: .seconds(1))
            })
        }
        await yield()
        // Wakes behind the first task, and before the second one has its turn.
        try await sleep(for: .seconds(1))
        #expect(started == [0])
        tasks[1].cancel()
      }
      #expect(started == [0, 2])
    }
  }

  @Test func `tasks that wait for room when one fails never start`() async throws {
    try await runOnLoop {
      var started = 0
      await #expect(throws: Broken()) {
        try await withTaskScope(limit: 2) { scope in
          for _ in 0..<100 {
            scope.spawn {
              started += 1
              try await sleep(for: .seconds(started))
              throw Broken()
            }
          }
        }
      }
      #expect(started == 2)
    }
  }

  @Test func `the body counts not, and may wait for its tasks`() async throws {
    try await runOnLoop {
      let sum = try await withTaskScope(limit: 1) { scope in
        var tasks: [TaskHandle<Int>] = []
        for number in 1...4 { tasks.append(scope.spawn { number }) }
        var sum = 0
        for task in tasks { sum += try await task.value }
        return sum
      }
      #expect(sum == 10)
    }
  }

  @Test func `a limit of zero traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop { try await withTaskScope(limit: 0) { _ in } }
    }
  }

  @Test func `whatever happens the limit holds, none outlives its scope and the first error is thrown`() async throws {
    try await runUnderSeeds(0..<300) { seed in
      var random = Shuffle(seed: seed)
      let limit = Int.random(in: 1...5, using: &random)
      let plans = (0..<20).map { _ in
        (time: Int.random(in: 0...4, using: &random), what: Int.random(in: 0...19, using: &random))
      }
      var running = 0
      var firstError: Broken?
      var later: [any Error] = []
      do {
        try await withTaskScope(limit: limit, onLaterError: { later.append($0) }) { scope in
          for (number, plan) in plans.enumerated() {
            let task = scope.spawn {
              try check(firstError == nil && !scope.isCancelled, "\(number) started too late")
              running += 1
              defer { running -= 1 }
              try check(running <= limit, "\(running) run")
              do { try await sleep(for: .nanoseconds(plan.time)) } catch {
                for _ in 0..<plan.time { await yield() }
                guard plan.what < 4 else { throw error }
                throw Broken(number: 100)
              }
              if plan.what == 0 { scope.cancel() }
              guard plan.what == 1 else { return }
              if firstError == nil, !scope.isCancelled { firstError = Broken(number: number) }
              throw Broken(number: number)
            }
            if plan.what == 2 {
              await yield()
              task.cancel()
            }
          }
        }
        try check(firstError == nil, "an error was lost")
      } catch let error as Broken {
        try check(firstError.map { $0 == error } ?? true, "\(error) was not the first")
      }
      try check(running == 0, "\(running) outlive the scope")
      try check(later.allSatisfy { $0 is Broken }, "\(later)")
    }
  }

  @Test(arguments: [1_000, 100_000])
  func `tasks that end in reverse order cost a bounded number of turns each`(count: Int) async throws {
    try await runOnLoop {
      let before = EventLoop.current.statistics
      try await withTaskScope { scope in
        for number in 0..<count { scope.spawn { try await sleep(for: .microseconds(count - number)) } }
      }
      let after = EventLoop.current.statistics
      #expect(after.turns - before.turns <= 2 * count + 10)
    }
  }
}
