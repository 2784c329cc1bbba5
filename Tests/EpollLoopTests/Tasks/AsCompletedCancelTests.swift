import EpollLoop
import EpollLoopTesting
import Testing

/// What a body sees of operations that never start because all was cancelled.
@Suite struct AsCompletedCancelTests {
  @Test(arguments: [1, 2, .max])
  func `a body that is cancelled does not take what was never started for the end`(limit: Int) async throws {
    try await runOnLoop {
      let caller = spawn {
        try await withAsCompleted(over: 1...3, limit: limit) {
          $0
        } body: { results in
          do { try await waitForever() } catch is CancellationError {}
          var taken = 0
          for try await _ in results { taken += 1 }
          return taken
        }
      }
      try await sleep(for: .seconds(1))
      caller.cancel()
      await #expect(throws: CancellationError.self) { try await caller.value }
    }
  }

  @Test func `what is cancelled before it starts has an end, also for one behind a shield`() async throws {
    try await runOnLoop {
      var caller: TaskHandle<Int>?
      caller = spawn {
        try await withAsCompleted(over: 1...3) { _ in
          Issue.record("It was cancelled before it started")
        } body: { results in
          try await shield {
            caller?.cancel()
            var cancelled = 0
            // Its first wait starts all three, behind the caller.
            for try await done in results { if case .failure(is CancellationError) = done.result { cancelled += 1 } }
            return cancelled
          }
        }
      }
      let cancelled = try await caller?.value
      #expect(cancelled == 3)
    }
  }
}
