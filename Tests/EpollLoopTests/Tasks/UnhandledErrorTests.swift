import EpollLoop
import EpollLoopTesting
import Testing

/// Errors that nobody awaited go to standard error, once; each test is a process of its own.
@Suite struct UnhandledErrorTests {
  /// What was reported, with `LINE` in place of the numbers of source lines.
  private func reports(_ result: ExitTest.Result) -> [String] {
    String(decoding: result.standardErrorContent, as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("EpollLoop:") }
      .map { String($0.replacing(/swift:\d+/, with: "swift:LINE")) }
  }

  @Test func `an error that nobody awaits is reported once, with the task's name`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try await runOnLoop(allowsUnawaitedErrors: true) {
        spawn(name: "mail") { throw Broken(number: 3) }
        await yield()
        await yield()
      }
    }
    #expect(
      reports(result) == [
        "EpollLoop: task 'mail' (EpollLoopTests/UnhandledErrorTests.swift:LINE) failed and was not awaited: Broken(number: 3)"
      ])
  }

  @Test func `an error of a leftover task is reported once`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try await runOnLoop(endsLeftovers: true, allowsUnawaitedErrors: true) {
        spawn {
          do { try await waitForever() } catch { throw Broken(number: 4) }
        }
        await yield()
      }
    }
    #expect(
      reports(result) == [
        "EpollLoop: task 2 (EpollLoopTests/UnhandledErrorTests.swift:LINE) failed and was not awaited: Broken(number: 4)"
      ])
  }

  @Test func `awaited errors, cancellations and children's errors are not reported`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try await runOnLoop(endsLeftovers: true, allowsUnawaitedErrors: true) {
        let failed = spawn { throw Broken() }
        await #expect(throws: Broken.self) { try await failed.value }
        spawn { try await waitForever() }
        _ = await gatherSettled(over: 0..<3) { throw Broken(number: $0) }
        await #expect(throws: Broken.self) { try await gather(over: 0..<3) { throw Broken(number: $0) } }
        await #expect(throws: Broken.self) { try await withTimeout(.seconds(1)) { throw Broken() } }
        spawn {}.cancel()
      }
    }
    #expect(reports(result) == [])
  }

  @Test func `that another loop has ended is an error, and no cancellation`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      let ended = try EventLoop()
      try ended.run {}
      try await runOnLoop(allowsUnawaitedErrors: true) {
        spawn(name: "late") { try ended.execute {} }
        await yield()
        await #expect(throws: IOError.self) {
          try await withTaskScope { scope in scope.spawn { try ended.execute {} } }
        }
      }
    }
    #expect(reports(result).count == 1)
    #expect(reports(result).first?.contains("task 'late'") == true)
  }

  @Test func `an error is not lost with a waiter that was cancelled before it came`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try await runOnLoop(allowsUnawaitedErrors: true) {
        let failing = spawn {
          try await sleep(for: .seconds(2))
          throw Broken(number: 5)
        }
        await #expect(throws: TimeoutError.self) { try await withTimeout(.seconds(1)) { try await failing.value } }
        try await sleep(for: .seconds(3))
      }
    }
    #expect(
      reports(result) == [
        "EpollLoop: task 2 (EpollLoopTests/UnhandledErrorTests.swift:LINE) failed and was not awaited: Broken(number: 5)"
      ])
  }
}
