import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct GatherTests {
  @Test func `a tuple of results stands in the order of the operations`() async throws {
    try await runOnLoop {
      let (number, word, flag) = try await gather(
        {
          try await sleep(for: .seconds(3))
          return 1
        },
        {
          try await sleep(for: .seconds(1))
          return "two"
        },
        { true })
      #expect(number == 1)
      #expect(word == "two")
      #expect(flag)
      #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
    }
  }

  @Test func `results stand in the order of the items, whatever order they come in`() async throws {
    try await runOnLoop {
      var ended: [Int] = []
      let results = try await gather(over: 0..<10) { number in
        try await sleep(for: .seconds(10 - number))
        ended.append(number)
        return number * number
      }
      #expect(results == (0..<10).map { $0 * $0 })
      #expect(ended == Array((0..<10).reversed()))
    }
  }

  @Test func `nothing to gather gives nothing at once`() async throws {
    try await runOnLoop {
      let turns = EventLoop.current.statistics.turns
      let results = try await gather(over: [Int]()) { $0 }
      let settled = await gatherSettled(over: [Int]()) { $0 }
      #expect(results.isEmpty)
      #expect(settled.isEmpty)
      #expect(EventLoop.current.statistics.turns == turns)
    }
  }

  @Test func `the first error cancels the others and is thrown when all have ended`() async throws {
    try await runOnLoop {
      var ended: [Int] = []
      await #expect(throws: Broken(number: 2)) {
        try await gather(over: 0..<5) { number in
          do {
            try await sleep(for: .seconds(number == 2 ? 1 : 3600))
          } catch {
            // A clean-up that takes turns.
            for _ in 0..<5 { await yield() }
            ended.append(number)
            throw Broken(number: 100 + number)
          }
          throw Broken(number: number)
        }
      }
      #expect(ended == [0, 1, 3, 4])
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
    }
  }

  @Test func `the first error of a tuple cancels the others`() async throws {
    try await runOnLoop {
      var wasCancelled = false
      await #expect(throws: Broken(number: 1)) {
        try await gather(
          {
            do { try await waitForever() } catch { wasCancelled = error is CancellationError }
          },
          { throw Broken(number: 1) })
      }
      #expect(wasCancelled)
    }
  }

  @Test func `children that have not started when one fails never do`() async throws {
    try await runOnLoop {
      var started: [Int] = []
      await #expect(throws: Broken()) {
        try await gather(over: 0..<100) { number in
          started.append(number)
          throw Broken()
        }
      }
      #expect(started == [0])
    }
  }

  @Test func `a value that a cancelled child returns all the same does not hide the error`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: Broken()) {
        try await gather(over: 0..<2) { number in
          if number == 1 { throw Broken() }
          try? await waitForever()
          return number
        }
      }
    }
  }

  @Test func `a cancelled parent cancels all, and waits for them`() async throws {
    try await runOnLoop {
      var ended = 0
      let parent = spawn {
        _ = try await gather(over: 0..<10) { _ in
          defer { ended += 1 }
          do { try await waitForever() } catch {
            for _ in 0..<5 { await yield() }
            throw error
          }
        }
      }
      await yield()
      await yield()
      parent.cancel()
      #expect(ended == 0)
      await #expect(throws: CancellationError.self) { try await parent.value }
      #expect(ended == 10)
    }
  }

  @Test func `a parent that is cancelled already starts no child`() async throws {
    try await runOnLoop {
      var started = 0
      let parent = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        _ = try await gather(over: 0..<10) { _ in started += 1 }
      }
      await #expect(throws: CancellationError.self) { try await parent.value }
      #expect(started == 0)
    }
  }

  @Test func `children that finish in spite of the parent's cancel give their results`() async throws {
    try await runOnLoop {
      let parent = spawn {
        try await gather(over: 0..<3) { number in
          try? await waitForever()
          return number
        }
      }
      await yield()
      await yield()
      parent.cancel()
      let results = try await parent.value
      #expect(results == [0, 1, 2])
    }
  }

  @Test func `an error deep inside ends nested gathers, the inner ones first`() async throws {
    try await runOnLoop {
      var ended: [String] = []
      await #expect(throws: Broken(number: 10)) {
        try await gather(over: 0..<2) { outer in
          defer { ended.append("\(outer)") }
          _ = try await gather(over: 0..<2) { inner in
            defer { ended.append("\(outer).\(inner)") }
            try await sleep(for: .seconds(10 - outer))
            throw Broken(number: outer * 10 + inner)
          }
        }
      }
      #expect(ended == ["1.0", "1.1", "1", "0.0", "0.1", "0"])
    }
  }

  @Test func `nested gathers give nested results`() async throws {
    try await runOnLoop {
      let table = try await gather(over: 1...3) { row in
        try await gather(over: 1...3) { column in
          try await sleep(for: .seconds(10 - row * column))
          return row * column
        }
      }
      #expect(table == [[1, 2, 3], [2, 4, 6], [3, 6, 9]])
    }
  }

  @Test(arguments: [1_000, 100_000])
  func `children that end in reverse order cost a bounded number of turns each`(count: Int) async throws {
    try await runOnLoop {
      let before = EventLoop.current.statistics
      let results = try await gather(over: 0..<count) { number in
        try await sleep(for: .microseconds(count - number))
        return number
      }
      let after = EventLoop.current.statistics
      #expect(results == Array(0..<count))
      // A start and a wake for each child, and a few turns for the parent.
      #expect(after.turns - before.turns <= 2 * count + 10)
      #expect(after.polls - before.polls <= 2 * count + 10)
    }
  }
}
