import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct GatherProgressTests {
  @Test func `progress is told after each end, with the total of a collection`() async throws {
    try await runOnLoop {
      var told: [String] = []
      func tell(_ progress: GatherProgress) {
        told.append("\(progress.finished) of \(progress.total ?? -1)")
      }
      let results = try await gather(over: [3, 1, 2], progress: tell) { seconds in
        try await sleep(for: .seconds(seconds))
        return seconds
      }
      #expect(results == [3, 1, 2])
      #expect(told == ["1 of 3", "2 of 3", "3 of 3"])
    }
  }

  @Test func `a sequence that cannot tell its length has a total when it has ended`() async throws {
    try await runOnLoop {
      var totals: [Int?] = []
      _ = try await gather(
        over: sequence(first: 1) { $0 < 4 ? $0 + 1 : nil }, limit: 2, progress: { totals.append($0.total) }
      ) { try await sleep(for: .seconds($0)) }
      #expect(totals == [nil, nil, 4, 4])
    }
  }

  @Test func `errors are counted among the ends, and what never started is not`() async throws {
    try await runOnLoop {
      var last: GatherProgress?
      _ = await gatherSettled(over: 0..<6, progress: { last = $0 }) { number in
        if number % 3 == 0 { throw Broken() }
      }
      #expect([last?.finished, last?.failed, last?.total] == [6, 2, 6])
      _ = await errorOf {
        _ = try await gather(over: 0..<6, progress: { last = $0 }) { _ in throw Broken() }
      }
      #expect([last?.finished, last?.failed, last?.total] == [1, 1, 6])
    }
  }

  @Test func `with a limit no more run at once and no task stays, however many items there are`() async throws {
    try await runOnLoop {
      var running = 0
      var most = 0
      var mostTasks = 0
      let results = try await gather(
        over: 0..<50_000, limit: 1000,
        progress: { progress in
          if progress.finished % 1000 == 0 { mostTasks = max(mostTasks, EventLoop.current.census.tasks) }
        }
      ) { number in
        let token = Token()
        running += 1
        most = max(most, running)
        defer { running -= 1 }
        try await sleep(for: .milliseconds(1 + number * 7 % 5))
        return ObjectIdentifier(token).hashValue == 0 ? -1 : number
      }
      #expect(results == Array(0..<50_000))
      #expect(most == 1000)
      #expect(mostTasks <= 1001)
      #expect(Token.most <= 1001)
      #expect(Token.count == 0)
    }
  }

  /// Lives as long as a body.
  private final class Token {
    nonisolated(unsafe) static var count = 0
    nonisolated(unsafe) static var most = 0

    init() {
      Token.count += 1
      Token.most = max(Token.most, Token.count)
    }

    deinit { Token.count -= 1 }
  }
}
