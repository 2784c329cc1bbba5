import EpollLoop
import EpollLoopTesting
import XCTest

/// That the fixture serves tests of XCTest, which call synchronous ones on the main thread and without a task.
nonisolated final class BlockingXCTests: XCTestCase {
  func testSynchronousTestBlocksItsOwnThread() throws {
    let numbers = try runOnLoop {
      try await gather(over: [3, 1, 2]) { number in
        try await sleep(for: .seconds(number))
        return number
      }
    }
    XCTAssertEqual(numbers, [3, 1, 2])
  }

  func testSynchronousTestAwaitsTasksOfSwiftsPool() throws {
    try runOnLoop(clock: .kernel) { await Task.detached {}.value }
  }

  func testAsynchronousTestIsSuspended() async throws {
    try await runOnLoop { try await sleep(for: .seconds(1)) }
    try await runOnLoop(clock: .kernel) { await Task.detached {}.value }
  }

  func testErrorsReachTheTest() throws {
    XCTAssertThrowsError(try runOnLoop { try await Event().wait() }) { XCTAssert($0 is StuckError) }
  }
}

/// As ``BlockingXCTests``, of tests that are isolated to the main actor.
nonisolated final class MainActorXCTests: XCTestCase {
  @MainActor func testBodyWithALoopParameter() async throws {
    let now = try await runOnLoop { loop in
      try await sleep(for: .seconds(1))
      return EventLoop.current.now
    }
    XCTAssertEqual(now, Instant(nanoseconds: 1_000_000_000))
  }

  @MainActor func testOtherFormsAreRefused() async throws {
    do {
      try await runOnLoop { try await sleep(for: .seconds(1)) }
      XCTFail("A body that is isolated to the main actor ran")
    } catch FixtureError.isolated {}
  }
}
