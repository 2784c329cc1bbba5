import EpollLoopTesting
import Testing

@testable import EpollLoop

/// A timeout of the program's own, as distinct from the kernel's ETIMEDOUT.
@Suite struct TimeoutErrorTests {
  private let unanswered = IOError(.connect, .timedOut, "10.0.0.1:80")

  @Test func `a timeout says how long and until when`() async throws {
    try await runOnLoop {
      try await sleep(for: .seconds(1))
      let deadline = Instant(nanoseconds: 3_000_000_000)
      await #expect(throws: TimeoutError(timeout: .seconds(2), deadline: deadline)) {
        try await withTimeout(.seconds(2)) { try await waitForever() }
      }
      let later = Instant(nanoseconds: 5_000_000_000)
      await #expect(throws: TimeoutError(deadline: later)) {
        try await withTimeout(until: later) { try await waitForever() }
      }
    }
  }

  @Test func `its words are those of a timeout`() {
    let deadline = Instant(nanoseconds: 0)
    #expect("\(TimeoutError(timeout: .milliseconds(50), deadline: deadline))" == "timed out after 0.05 seconds")
    #expect("\(TimeoutError(deadline: deadline))" == "timed out at the deadline")
  }

  @Test func `the kernel's timeout is no timeout of the program's`() async throws {
    try await runOnLoop {
      let unanswered = unanswered
      await #expect(throws: unanswered) { try await withTimeout(.seconds(2)) { throw unanswered } }
      do {
        try await withTimeout(.seconds(2)) { try await waitForever() }
      } catch let error as IOError {
        Issue.record("\(error)")
      } catch is TimeoutError {}
    }
  }

  @Test func `nested timeouts can be told apart`() async throws {
    try await runOnLoop {
      let inner = await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(9)) { try await withTimeout(.seconds(2)) { try await waitForever() } }
      }
      #expect(inner?.timeout == .seconds(2))
      let outer = await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(2)) { try await withTimeout(.seconds(9)) { try await waitForever() } }
      }
      #expect(outer?.timeout == .seconds(2))
    }
  }

  @Test func `retry makes another attempt after a timeout of either kind`() async throws {
    try await runOnLoop {
      let unanswered = unanswered
      let attempts = try await retry(attempts: 4, attemptLimit: .seconds(9)) { attempt in
        if attempt == 1 { try await withTimeout(.seconds(1)) { try await waitForever() } }
        if attempt == 2 { try await waitForever() }
        if attempt == 3 { throw unanswered }
        return attempt
      }
      #expect(attempts == 4)
    }
  }

  @Test func `retry makes no other attempt after a timeout around it`() async throws {
    try await runOnLoop {
      var made = 0
      let error = await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(2)) {
          try await retry(attempts: 5, wait: .none) { _ in
            made += 1
            try await waitForever()
          }
        }
      }
      #expect(error?.timeout == .seconds(2))
      #expect(made == 1)
    }
  }

  @Test func `the last error of retry names the limit that cut the attempt off`() async throws {
    try await runOnLoop {
      let attempt = await #expect(throws: RetryError.self) {
        try await retry(attempts: 2, wait: .none, attemptLimit: .seconds(3), within: .seconds(60)) { _ in
          try await waitForever()
        }
      }
      #expect(attempt?.reason == .attempts)
      #expect((attempt?.lastError as? TimeoutError)?.timeout == .seconds(3))
      let all = await #expect(throws: RetryError.self) {
        try await retry(attempts: 9, wait: .none, attemptLimit: .seconds(60), within: .seconds(3)) { _ in
          try await waitForever()
        }
      }
      #expect(all?.reason == .time)
      #expect((all?.lastError as? TimeoutError)?.timeout == .seconds(3))
    }
  }

  @Test func `a timeout of an attempt's own is judged by the caller, even at the end of the time for all`() async throws
  {
    try await runOnLoop {
      let own = await #expect(throws: TimeoutError.self) {
        try await retry(attempts: 9, within: .seconds(9), if: { !($0 is TimeoutError) }) { _ in
          try await withTimeout(.seconds(1)) { try await waitForever() }
        }
      }
      #expect(own?.timeout == .seconds(1))
    }
  }
}
