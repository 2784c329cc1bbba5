import EpollLoop
import EpollLoopTesting
import Testing

/// That the fixture serves tests of a target whose default isolation is the main actor.
@Suite struct MainActorTargetTests {
  @Test func `a body with a loop parameter runs`() async throws {
    let sum = try await runOnLoop { loop in
      try await gather(over: 1...3) { number in
        try await sleep(for: .seconds(number))
        return number
      }.reduce(0, +)
    }
    #expect(sum == 6)
  }

  @Test func `a body without one is refused`() async throws {
    await #expect(throws: FixtureError.isolated) { try await runOnLoop { try await sleep(for: .seconds(1)) } }
    await #expect(throws: SeedFailure.self) { try await runUnderSeeds(0..<1) { _ in } }
  }

  @Test func `a test that leaves the main actor writes none`() async throws {
    try await MainActorTargetTests.sleepsOnLoop()
  }

  @concurrent private nonisolated static func sleepsOnLoop() async throws {
    try await runOnLoop { try await sleep(for: .seconds(1)) }
  }

  @Test func `a synchronous test is refused the blocking form`() {
    #expect(throws: FixtureError.self) { try blocking() }
  }

  private nonisolated func blocking() throws { try runOnLoop { try await sleep(for: .seconds(1)) } }
}
