@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct RaceTests {
  @Test func `the first to end wins, and the others are cancelled and awaited`() async throws {
    try await runOnLoop {
      var ended: [Int] = []
      let winner = try await race(over: 1...3) { number in
        do {
          try await sleep(for: .seconds(number))
        } catch {
          for _ in 0..<5 { await yield() }
          ended.append(number)
          throw error
        }
        return number
      }
      #expect(winner == 1)
      #expect(ended == [2, 3])
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
    }
  }

  @Test func `runners may be given one by one`() async throws {
    try await runOnLoop {
      let winner = try await race(
        {
          try await waitForever()
          return "never"
        },
        { "at once" })
      #expect(winner == "at once")
    }
  }

  @Test func `an error that comes first is thrown`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: Broken(number: 1)) {
        try await race(
          { throw Broken(number: 1) },
          { try await waitForever() })
      }
    }
  }

  @Test func `of several that are ready at once the first counts, and the others never start`() async throws {
    try await runOnLoop {
      var started: [Int] = []
      let winner = try await race(over: 0..<10) { number in
        started.append(number)
        return number
      }
      #expect(winner == 0)
      #expect(started == [0])
    }
  }

  @Test func `a value or an error that comes after the first is dropped`() async throws {
    try await runOnLoop {
      let winner = try await race(
        {
          try await sleep(for: .seconds(1))
          return 1
        },
        {
          do { try await waitForever() } catch { return 2 }
          return 3
        },
        {
          do { try await waitForever() } catch { throw Broken() }
          return 4
        })
      #expect(winner == 1)
    }
  }

  @Test func `a cancelled race cancels all runners, and awaits them`() async throws {
    try await runOnLoop {
      var ended = 0
      let task = spawn {
        try await race(over: 0..<3) { _ in
          defer { ended += 1 }
          try await waitForever()
          return 0
        }
      }
      try await sleep(for: .seconds(1))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(ended == 3)
    }
  }

  @Test func `under any order one runner decides and none is left`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      var running = 0
      let winner = try await race(over: 0..<20) { number in
        running += 1
        defer { running -= 1 }
        try await sleep(for: .seconds(Int(seed) % 3))
        return number
      }
      try check((0..<20).contains(winner) && running == 0, "\(running) run")
    }
  }

  @Test func `a race without a runner traps`() async {
    await #expect(processExitsWith: .failure) {
      _ = try await runOnLoop { try await race(over: 0..<0) { $0 } }
    }
  }
}

@Suite struct StaggeredRaceTests {
  @Test func `the next one starts after the delay, and the first success wins`() async throws {
    try await runOnLoop {
      var started: [Duration] = []
      let winner = try await race(over: 0..<3, staggeredBy: .milliseconds(250)) { number in
        started.append(EventLoop.current.now - Instant(nanoseconds: 0))
        try await sleep(for: .milliseconds([1000, 300, 10][number]))
        return number
      }
      #expect(winner == 2)
      #expect(started == [.zero, .milliseconds(250), .milliseconds(500)])
      #expect(EventLoop.current.now == Instant(nanoseconds: 510_000_000))
    }
  }

  @Test func `an error starts the next one at once`() async throws {
    try await runOnLoop {
      let winner = try await race(
        staggeredBy: .seconds(1),
        { throw Broken(number: 0) },
        { 1 })
      #expect(winner == 1)
      #expect(EventLoop.current.now == Instant(nanoseconds: 0))
    }
  }

  @Test func `a success cancels the others, and those to come never start`() async throws {
    try await runOnLoop {
      var trace: [String] = []
      let winner = try await race(over: 0..<4, staggeredBy: .seconds(1)) { number in
        trace.append("\(number) starts")
        do { try await sleep(for: .seconds(number == 1 ? 1 : 100)) } catch {
          for _ in 0..<5 { await yield() }
          trace.append("\(number) is cancelled")
          throw error
        }
        return number
      }
      #expect(winner == 1)
      let cancelled = trace.filter { $0.hasSuffix("cancelled") }
      #expect(cancelled.first == "0 is cancelled")
      #expect(!trace.contains("3 starts"))
      #expect(trace.count { $0.hasSuffix("starts") } == cancelled.count + 1)
    }
  }

  @Test func `when all fail, all errors are thrown, in the order of the runners`() async throws {
    try await runOnLoop {
      let failure = await #expect(throws: RaceError.self) {
        try await race(over: 0..<3, staggeredBy: .seconds(1)) { number in
          try await sleep(for: .seconds(10 - 4 * number))
          throw Broken(number: number)
        }
      }
      #expect(failure?.errors.map { $0 as? Broken } == (0..<3).map { Broken(number: $0) })
      #expect(failure?.description.hasPrefix("all 3 failed: Broken(number: 0), ") == true)
    }
  }

  @Test func `items that are not needed are not asked for, after a success or a cancel`() async throws {
    try await runOnLoop {
      var asked = 0
      let items = AnyIterator<Int> {
        asked += 1
        return asked
      }
      let winner = try await race(over: IteratorSequence(items), staggeredBy: .seconds(1)) { $0 }
      #expect(winner == 1)
      #expect(asked == 1)
      let task = spawn {
        try await race(over: IteratorSequence(items), staggeredBy: .seconds(1)) { _ in try await waitForever() }
      }
      try await sleep(for: .milliseconds(1500))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(asked == 3)
    }
  }

  @Test func `with no delay all start at once, and errors do not end the race`() async throws {
    try await runOnLoop {
      var started = 0
      let winner = try await race(over: 0..<5, staggeredBy: .zero) { number in
        started += 1
        try await sleep(for: .seconds(number + 1))
        guard number == 3 else { throw Broken(number: number) }
        return number
      }
      #expect(winner == 3)
      #expect(started == 5)
      #expect(EventLoop.current.now == Instant(nanoseconds: 4_000_000_000))
    }
  }

  @Test func `a cancelled race cancels all runners, and no more start`() async throws {
    try await runOnLoop {
      var started = 0
      let task = spawn {
        try await race(over: 0..<10, staggeredBy: .seconds(1)) { number in
          started += 1
          try await sleep(for: .seconds(100))
          return 0
        }
      }
      try await sleep(for: .milliseconds(1500))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(started == 2)
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_500_000_000))
    }
  }

  @Test func `under any order a success is found, and all failing gives each error`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      var random = Shuffle(seed: seed)
      let outcomes = (0..<8).map { _ in Bool.random(using: &random) ? Int.random(in: 0...3, using: &random) : -1 }
      do {
        let winner = try await race(over: outcomes, staggeredBy: .seconds(1)) { outcome in
          try await sleep(for: .seconds(abs(outcome)))
          guard outcome >= 0 else { throw Broken() }
          return outcome
        }
        try check(outcomes.contains(winner), "\(winner) won")
      } catch let error as RaceError {
        try check(error.errors.count == 8 && outcomes.allSatisfy { $0 < 0 }, "\(error)")
      }
    }
  }
}
