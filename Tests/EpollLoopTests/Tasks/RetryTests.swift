import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct RetryTests {
  @Test func `the first success is returned, and attempts are counted from 1 in each call`() async throws {
    try await runOnLoop {
      for _ in 0..<2 {
        var seen: [Int] = []
        let value = try await retry(attempts: 5) { attempt in
          seen.append(attempt)
          if attempt < 3 { throw Broken() }
          return "value"
        }
        #expect(value == "value")
        #expect(seen == [1, 2, 3])
      }
    }
  }

  @Test func `it waits between attempts and nowhere else`() async throws {
    try await runOnLoop {
      var starts: [Duration] = []
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 4, wait: .exponential(from: .seconds(1), factor: 3)) { _ in
          starts.append(EventLoop.current.now - Instant(nanoseconds: 0))
          throw Broken()
        }
      }
      #expect(starts == [.zero, .seconds(1), .seconds(4), .seconds(13)])
      #expect(error?.elapsed == .seconds(13))
      #expect(EventLoop.current.now == Instant(nanoseconds: 13_000_000_000))
    }
  }

  @Test func `the last error comes in an error that says how often and how long`() async throws {
    try await runOnLoop {
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 3, wait: .fixed(.nanoseconds(500_000_321))) { throw Broken(number: $0) }
      }
      #expect(error?.reason == .attempts)
      #expect(error?.attempts == 3)
      #expect(error?.elapsed == .nanoseconds(1_000_000_642))
      #expect(error?.lastError as? Broken == Broken(number: 3))
      #expect(error?.description == "gave up after 3 attempts in 1.0 seconds: Broken(number: 3)")
    }
  }

  @Test func `a single attempt is one attempt`() async throws {
    try await runOnLoop {
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 1) { _ in throw Broken() }
      }
      #expect(error?.attempts == 1)
      #expect(error?.description.hasPrefix("gave up after 1 attempt in") == true)
      #expect(EventLoop.current.now == Instant(nanoseconds: 0))
    }
  }

  @Test func `an error that is not to be retried is thrown as it is, also by the last attempt`() async throws {
    try await runOnLoop {
      for last in [2, 5] {
        var made = 0
        await #expect(throws: Broken(number: last)) {
          try await retry(attempts: 5, if: { $0 as? Broken != Broken(number: last) }) { attempt in
            made += 1
            throw Broken(number: attempt)
          }
        }
        #expect(made == last)
      }
    }
  }

  @Test func `before each wait, and no other time, it is said what has failed and how long the wait is`() async throws {
    try await runOnLoop {
      var said: [String] = []
      _ = try? await retry(
        attempts: 3, wait: .exponential(from: .seconds(1)),
        beforeWait: { said.append("\($0) \($1) \($2) at \(EventLoop.current.now.nanoseconds)") },
        { throw Broken(number: $0) })
      #expect(
        said == [
          "1 Broken(number: 1) 1.0 seconds at 0", "2 Broken(number: 2) 2.0 seconds at 1000000000",
        ])
    }
  }

  @Test func `a generator with a seed makes the waits the same each time`() async throws {
    try await runOnLoop {
      var runs: [[Duration]] = []
      for seed in [1, 1, 2] as [UInt64] {
        var waits: [Duration] = []
        _ = try? await retry(
          attempts: 6, wait: .exponential().jittered(.full), beforeWait: { waits.append($2) },
          using: SeededGenerator(seed: seed), { _ in throw Broken() })
        runs.append(waits)
      }
      #expect(runs[0].count == 5)
      #expect(runs[0] == runs[1])
      #expect(runs[0] != runs[2])
    }
  }

  @Test func `without a wait everything that is ready runs between two attempts`() async throws {
    try await runOnLoop {
      var order: [String] = []
      spawn { order.append("other") }
      _ = try? await retry(attempts: 3, wait: .none) { attempt in
        order.append("\(attempt)")
        throw Broken()
      }
      #expect(order == ["1", "other", "2", "3"])
    }
  }

  @Test func `no limit on attempts is a large number of them`() async throws {
    try await runOnLoop {
      let value = try await retry(attempts: .max, wait: .fixed(.seconds(1))) { attempt in
        if attempt < 1000 { throw Broken() }
        return attempt
      }
      #expect(value == 1000)
      #expect(EventLoop.current.now == Instant(nanoseconds: 999_000_000_000))
    }
  }

  @Test func `a retry in a retry counts for itself`() async throws {
    try await runOnLoop {
      var made: [String] = []
      let error = await #expect(throws: RetryError.self) {
        try await retry(attempts: 2, wait: .none) { outer in
          try await retry(attempts: 2, wait: .none) { inner in
            made.append("\(outer).\(inner)")
            throw Broken()
          }
        }
      }
      #expect(made == ["1.1", "1.2", "2.1", "2.2"])
      #expect(error?.lastError is RetryError)
    }
  }

  @Test func `attempts of an actor's code run on that actor`() async throws {
    try await runOnLoop {
      let office = RetryingOffice()
      let count = try await office.work()
      #expect(count == 3)
    }
  }

  @Test(arguments: [0, -1])
  func `no attempts at all trap`(attempts: Int) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [attempts] in
      try await runOnLoop { try await retry(attempts: attempts) { _ in } }
    }
    #expect(names("Retrying makes at least one attempt", result))
  }

  @Test func `an attempt without time traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { try await retry(attempts: 1, attemptLimit: .zero) { _ in } }
    }
    #expect(names("An attempt may take more than no time at all", result))
  }
}

private actor RetryingOffice {
  private var count = 0

  func work() async throws -> Int {
    try await retry(attempts: 3, attemptLimit: .seconds(1), within: .seconds(10)) { attempt in
      self.preconditionIsolated()
      self.count += 1
      await yield()
      self.preconditionIsolated()
      if attempt < 3 { throw Broken() }
      return self.count
    }
  }
}
