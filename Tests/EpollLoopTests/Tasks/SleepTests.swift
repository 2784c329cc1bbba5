import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct SleepTests {
  @Test func `a day passes at once on a virtual clock`() throws {
    try runOnLoop {
      let start = EventLoop.current.now
      try await sleep(for: .seconds(86_400))
      #expect(EventLoop.current.now - start == .seconds(86_400))
    }
  }

  @Test func `tasks with one deadline wake in the order in which they went to sleep`() throws {
    try runOnLoop {
      var order: [Int] = []
      _ = try await gather(over: 0...100) { number in
        try await sleep(for: .milliseconds(10))
        order.append(number)
      }
      #expect(order == Array(0...100))
    }
  }

  @Test func `a cancelled sleep leaves no timer`() throws {
    try runOnLoop {
      let task = spawn { try await sleep(for: .seconds(3600)) }
      await yield()
      #expect(EventLoop.current.census.timers == 1)
      task.cancel()
      #expect(EventLoop.current.census.timers == 0)
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }
}
