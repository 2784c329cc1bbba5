import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct GatherLimitTests {
  /// Counts how many run at once.
  private final class Gauge {
    private var running = 0
    private(set) var most = 0
    private(set) var started: [Int] = []

    func run(_ number: Int, _ body: () async throws -> Void) async rethrows {
      started.append(number)
      running += 1
      most = max(most, running)
      defer { running -= 1 }
      try await body()
    }
  }

  @Test(arguments: [1, 2, 7, 50, 1000])
  func `never more than the limit run at once, and as many if there are so many`(limit: Int) async throws {
    try await runOnLoop {
      let gauge = Gauge()
      let results = try await gather(over: 0..<50, limit: limit) { number in
        try await gauge.run(number) { try await sleep(for: .seconds(1 + number * 7 % 5)) }
        return number
      }
      #expect(results == Array(0..<50))
      #expect(gauge.most == min(limit, 50))
      #expect(gauge.started == Array(0..<50))
    }
  }

  @Test func `the next starts as soon as one has ended`() async throws {
    try await runOnLoop {
      var starts: [Int64] = []
      _ = try await gather(over: 1...6, limit: 2) { seconds in
        starts.append(EventLoop.current.now.nanoseconds / 1_000_000_000)
        try await sleep(for: .seconds(seconds))
      }
      #expect(starts == [0, 0, 1, 2, 4, 6])
    }
  }

  @Test func `an error with a limit stops the starting of more`() async throws {
    try await runOnLoop {
      let gauge = Gauge()
      await #expect(throws: Broken(number: 5)) {
        try await gather(over: 0..<1000, limit: 3) { number in
          try await gauge.run(number) {
            try await sleep(for: .seconds(number == 5 ? 1 : 2))
            if number == 5 { throw Broken(number: 5) }
          }
        }
      }
      #expect(gauge.started == [0, 1, 2, 3, 4, 5])
    }
  }

  @Test func `items that are not needed after an error are not asked for`() async throws {
    try await runOnLoop {
      var asked = 0
      let items = AnyIterator<Int> {
        asked += 1
        return asked
      }
      await #expect(throws: Broken()) {
        try await gather(over: IteratorSequence(items), limit: 4) { _ in
          await yield()
          throw Broken()
        }
      }
      #expect(asked <= 5)
    }
  }

  @Test func `a parent that is cancelled while it waits for room starts no more`() async throws {
    try await runOnLoop {
      let gauge = Gauge()
      let parent = spawn {
        try await gather(over: 0..<100, limit: 2) { number in
          try await gauge.run(number) { try await sleep(for: .seconds(10)) }
        }
      }
      try await sleep(for: .seconds(15))
      parent.cancel()
      await #expect(throws: CancellationError.self) { try await parent.value }
      #expect(gauge.started == [0, 1, 2, 3])
    }
  }

  @Test func `a parent that is cancelled before all have started throws, though all that were do well`() async throws {
    try await runOnLoop {
      let parent = spawn {
        try await gather(over: 0..<100, limit: 2) { number in
          do { try await sleep(for: .seconds(10)) } catch { await yield() }
          return number
        }
      }
      try await sleep(for: .seconds(15))
      parent.cancel()
      await #expect(throws: CancellationError.self) { try await parent.value }
    }
  }

  @Test func `a limit of zero traps`() async {
    await #expect(processExitsWith: .failure) {
      try? await runOnLoop { _ = try await gather(over: 0..<2, limit: 0) { $0 } }
    }
  }
}

@Suite struct GatherSettledTests {
  /// What became of an operation, as a word.
  private static func word(_ result: Result<Int, any Error>) -> String {
    switch result {
    case .success(let number): "\(number)"
    case .failure(let broken as Broken): "broken \(broken.number)"
    case .failure(is CancellationError): "cancelled"
    case .failure(let error): "\(error)"
    }
  }

  @Test func `results and errors stand in order, and no error cancels another`() async throws {
    try await runOnLoop {
      let results = await gatherSettled(over: 0..<6) { number in
        try await sleep(for: .seconds(6 - number))
        if number % 2 == 1 { throw Broken(number: number) }
        return number
      }
      #expect(results.map(GatherSettledTests.word) == ["0", "broken 1", "2", "broken 3", "4", "broken 5"])
    }
  }

  @Test func `a settled tuple holds a result for each operation`() async throws {
    try await runOnLoop {
      let (first, second) = await gatherSettled(
        {
          try await sleep(for: .seconds(1))
          return 1
        },
        { () async throws -> String in throw Broken() })
      let value = try first.get()
      #expect(value == 1)
      #expect(throws: Broken()) { try second.get() }
    }
  }

  @Test func `a cancelled parent cancels all, and gets what became of each`() async throws {
    try await runOnLoop {
      let parent = spawn {
        await gatherSettled(over: 0..<4) { number in
          if number == 0 { return 0 }
          do { try await waitForever() } catch {
            if number == 1 { return 1 }
            throw number == 2 ? Broken(number: 2) : error
          }
          return -1
        }
      }
      await yield()
      await yield()
      parent.cancel()
      let results = try await parent.value
      #expect(results.map(GatherSettledTests.word) == ["0", "1", "broken 2", "cancelled"])
    }
  }

  @Test func `with a limit a cancelled parent starts no more, and those count as cancelled`() async throws {
    try await runOnLoop {
      var started: [Int] = []
      let parent = spawn {
        await gatherSettled(over: 0..<6, limit: 2) { number in
          started.append(number)
          try await sleep(for: .seconds(number == 0 ? 1 : 10))
          return number
        }
      }
      try await sleep(for: .seconds(5))
      parent.cancel()
      let results = try await parent.value
      #expect(results.map(GatherSettledTests.word) == ["0"] + Array(repeating: "cancelled", count: 5))
      #expect(started == [0, 1, 2])
    }
  }

  @Test func `with a limit an error makes room like an end`() async throws {
    try await runOnLoop {
      let results = await gatherSettled(over: 0..<10, limit: 1) { number in
        await yield()
        if number < 9 { throw Broken(number: number) }
        return number
      }
      #expect(results.map(GatherSettledTests.word) == (0..<9).map { "broken \($0)" } + ["9"])
    }
  }
}
