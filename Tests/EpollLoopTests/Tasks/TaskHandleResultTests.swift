import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct TaskHandleResultTests {
  private struct Broken: Error {}

  @Test func `the result is there when the task has ended, and not before`() async throws {
    try await runOnLoop {
      let good = spawn {
        try await sleep(for: .seconds(1))
        return "done"
      }
      let bad = spawn { throw Broken() }
      #expect(good.result == nil && bad.result == nil)
      try await sleep(for: .seconds(2))
      #expect(try good.result?.get() == "done")
      #expect(throws: Broken.self) { try bad.result?.get() }
      // Nothing is left to report.
    }
  }

  @Test func `an error that was not taken is still reported`() async throws {
    await #expect(throws: UnawaitedError.self) {
      try await runOnLoop {
        let bad = spawn { throw Broken() }
        #expect(bad.result == nil)
        await yield()
      }
    }
  }

  @Test func `functions are called at the end, in their order, and soon if it has ended`() async throws {
    try await runOnLoop {
      var calls: [String] = []
      let handle = spawn {
        try await sleep(for: .seconds(1))
        calls.append("body")
        return 7
      }
      handle.whenDone { calls.append("first \((try? $0.get()) ?? 0)") }
      let second = handle.whenDone { _ in calls.append("second") }
      handle.whenDone { _ in calls.append("third") }
      second.cancel()
      try await sleep(for: .seconds(2))
      #expect(calls == ["body", "first 7", "third"])
      handle.whenDone { _ in calls.append("late") }
      #expect(calls.count == 3)
      await yield()
      #expect(calls.last == "late")
    }
  }

  @Test func `a function gets the error, which then counts as awaited`() async throws {
    try await runOnLoop {
      var errors: [any Error] = []
      spawn { throw Broken() }.whenDone { if case .failure(let error) = $0 { errors.append(error) } }
      let cancelled = spawn { try await sleep(for: .seconds(9)) }
      cancelled.whenDone { if case .failure(let error) = $0 { errors.append(error) } }
      await yield()
      cancelled.cancel()
      try await sleep(for: .seconds(1))
      #expect(errors.count == 2 && errors[0] is Broken && errors[1] is CancellationError)
    }
  }

  @Test func `a task that is cancelled before it starts ends with that, and its functions are called`() async throws {
    try await runOnLoop {
      var isCalled = false
      let handle = spawn { 1 }
      handle.whenDone { isCalled = (try? $0.get()) == nil }
      handle.cancel()
      await yield()
      await yield()
      #expect(isCalled)
    }
  }
}
