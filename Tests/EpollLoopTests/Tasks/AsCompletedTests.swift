@testable import EpollLoop
import EpollLoopTesting
import Testing

/// Over handles: nothing is cancelled.
@Suite struct AsCompletedTests {
  @Test func `tasks come in the order of their ends, with their places`() async throws {
    try await runOnLoop {
      let tasks = spawn(over: [3, 1, 2]) { seconds in
        try await sleep(for: .seconds(seconds))
        return "\(seconds)"
      }
      var trace: [String] = []
      for try await done in asCompleted(tasks) {
        trace.append("\(done.index) \(try done.value) at \(EventLoop.current.now.nanoseconds / 1_000_000_000)")
      }
      #expect(trace == ["1 1 at 1", "2 2 at 2", "0 3 at 3"])
    }
  }

  @Test func `an error is given and does not end the loop`() async throws {
    try await runOnLoop {
      let tasks = spawn(over: [1, 2, 3]) { number in
        try await sleep(for: .seconds(number))
        guard number != 2 else { throw Broken(number: 2) }
      }
      var failed: [Int] = []
      for try await done in asCompleted(tasks) {
        do { try done.value } catch let error as Broken { failed.append(error.number) }
      }
      #expect(failed == [2])
    }
  }

  @Test func `those that have ended before come first, in their order, and none is none`() async throws {
    try await runOnLoop {
      let tasks = spawn(over: [3, 0, 0]) { seconds in try await sleep(for: .seconds(seconds)) }
      try await sleep(for: .seconds(1))
      var order: [Int] = []
      for try await done in asCompleted(tasks) { order.append(done.index) }
      #expect(order == [1, 2, 0])
      for try await _ in asCompleted([TaskHandle<Int>]()) { Issue.record("There is nothing to wait for") }
    }
  }

  @Test func `it can stop early: the others go on, and nothing of it stays`() async throws {
    try await runOnLoop {
      let tasks = spawn(over: 1...3) { seconds in try await sleep(for: .seconds(seconds)) }
      await yield()
      let before = EventLoop.current.census
      for try await done in asCompleted(tasks) {
        #expect(done.index == 0)
        break
      }
      #expect(EventLoop.current.census.waiters == before.waiters - 1)
      #expect(!tasks[1].isDone)
      try await tasks[2].value
      #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
    }
  }

  @Test func `a loop that is cancelled throws, and the tasks go on`() async throws {
    try await runOnLoop {
      let tasks = spawn(over: 2...3) { seconds in try await sleep(for: .seconds(seconds)) }
      let waiting = spawn { for try await _ in asCompleted(tasks) {} }
      try await sleep(for: .seconds(1))
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      try await tasks[1].value
      #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
    }
  }

  @Test func `under any order each task comes once`() async throws {
    try await runUnderSeeds(0..<200) { seed in
      var random = Shuffle(seed: seed)
      let times = (0..<20).map { _ in Int.random(in: 0...3, using: &random) }
      let tasks = spawn(over: times) { seconds in try await sleep(for: .seconds(seconds)) }
      if seed % 2 == 0 { try await sleep(for: .seconds(1)) }
      var order: [Int] = []
      for try await done in asCompleted(tasks) { order.append(done.index) }
      try check(order.sorted() == Array(0..<20), "\(order)")
      let late = order.map { times[$0] }.filter { $0 > 1 }
      try check(late == late.sorted(), "\(order) of \(times)")
    }
  }

  @Test(arguments: [1_000, 100_000])
  func `tasks that end in reverse order cost a bounded number of turns each`(count: Int) async throws {
    try await runOnLoop {
      let before = EventLoop.current.statistics
      let tasks = spawn(over: 0..<count) { number in try await sleep(for: .microseconds(count - number)) }
      var expected = count - 1
      for try await done in asCompleted(tasks) {
        guard done.index == expected else { throw Wrong(description: "\(done.index) for \(expected)") }
        expected -= 1
      }
      let after = EventLoop.current.statistics
      #expect(after.turns - before.turns <= 4 * count + 10)
    }
  }
}

/// Over items: nothing goes on behind the caller.
@Suite struct WithAsCompletedTests {
  @Test func `results come in the order of the ends, errors among them`() async throws {
    try await runOnLoop {
      let trace = try await withAsCompleted(over: [3, 1, 2]) { seconds in
        try await sleep(for: .seconds(seconds))
        guard seconds != 2 else { throw Broken() }
        return seconds
      } body: { results in
        var trace: [String] = []
        for try await done in results { trace.append("\(done.index) \((try? done.value) ?? 0)") }
        return trace
      }
      #expect(trace == ["1 1", "2 0", "0 3"])
    }
  }

  @Test func `when the body ends early the others are cancelled and awaited`() async throws {
    try await runOnLoop {
      var cancelled = 0
      let first = try await withAsCompleted(over: 1...5) { seconds in
        do { try await sleep(for: .seconds(seconds)) } catch {
          for _ in 0..<5 { await yield() }
          cancelled += 1
          throw error
        }
        return seconds
      } body: { results in
        for try await done in results { return try done.value }
        return 0
      }
      #expect(first == 1)
      #expect(cancelled == 4)
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
    }
  }

  @Test func `an error of the body cancels and awaits the others, and is thrown`() async throws {
    try await runOnLoop {
      var running = 0
      await #expect(throws: Broken(number: 9)) {
        try await withAsCompleted(over: 1...5) { seconds in
          running += 1
          defer { running -= 1 }
          try await sleep(for: .seconds(seconds))
        } body: { results in
          for try await _ in results { throw Broken(number: 9) }
        }
      }
      #expect(running == 0)
    }
  }

  @Test func `a cancelled caller cancels all of it`() async throws {
    try await runOnLoop {
      var cancelled = 0
      let caller = spawn {
        try await withAsCompleted(over: 1...5) { _ in
          do { try await waitForever() } catch { cancelled += 1 }
        } body: { results in
          // Waits for something else; the operations end all the same.
          for try await _ in results {}
        }
      }
      try await sleep(for: .seconds(1))
      caller.cancel()
      await #expect(throws: CancellationError.self) { try await caller.value }
      #expect(cancelled == 5)
    }
  }

  @Test func `no more than the limit run or wait to be taken, and items are asked for one at a time`() async throws {
    try await runOnLoop {
      var asked = 0
      var running = 0
      var most = 0
      let items = AnyIterator<Int> {
        asked += 1
        return asked <= 20 ? asked : nil
      }
      try await withAsCompleted(over: IteratorSequence(items), limit: 3) { number in
        running += 1
        most = max(most, running)
        defer { running -= 1 }
        try await sleep(for: .seconds(1 + number * 7 % 5))
      } body: { results in
        #expect(asked == 0)
        var taken = 0
        for try await _ in results {
          taken += 1
          #expect(asked <= taken + 2 || taken > 17)
          if taken == 5 { try await sleep(for: .seconds(1000)) }
        }
        #expect(taken == 20)
      }
      #expect(most == 3)
    }
  }

  @Test func `results that are asked for after the end are none`() async throws {
    try await runOnLoop {
      let results = try await withAsCompleted(over: 1...3) {
        $0
      } body: {
        $0
      }
      for try await _ in results { Issue.record("Nothing has been started") }
      var kept: Completions<Void>.Iterator?
      try await withAsCompleted(over: 1...3) { _ in
        try await waitForever()
      } body: { results in
        var iterator = results.makeAsyncIterator()
        _ = await errorOf { try await withTimeout(.seconds(1)) { _ = try await iterator.next() } }
        kept = iterator
      }
      let late = try await kept?.next()
      #expect(late == nil)
    }
  }

  @Test func `a limit of zero traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        try await withAsCompleted(over: 1...3, limit: 0) {
          $0
        } body: { _ in
        }
      }
    }
  }

  @Test func `under any order each result comes once, and none is left running`() async throws {
    try await runUnderSeeds(0..<200) { seed in
      var random = Shuffle(seed: seed)
      let stop = Int.random(in: 1...15, using: &random)
      let times = (0..<12).map { _ in Int.random(in: 0...3, using: &random) }
      var running = 0
      let taken = try await withAsCompleted(over: times, limit: Int(seed % 7) + 1) { seconds in
        running += 1
        defer { running -= 1 }
        try await sleep(for: .seconds(seconds))
      } body: { results in
        var taken: [Int] = []
        for try await done in results {
          taken.append(done.index)
          if taken.count == stop { break }
        }
        return taken
      }
      try check(Set(taken).count == min(stop, 12), "\(taken)")
      try check(running == 0, "\(running) run")
    }
  }
}
