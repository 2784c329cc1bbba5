@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct TimeoutScopeTests {
  private static func second(_ number: Int64) -> Instant { Instant(nanoseconds: number * 1_000_000_000) }

  @Test func `a deadline that is not moved cancels the body and names the duration`() async throws {
    try await runOnLoop {
      let error = await #expect(throws: TimeoutError.self) {
        try await withTimeoutScope(.seconds(2)) { scope in
          #expect(scope.deadline == TimeoutScopeTests.second(2))
          #expect(!scope.isExpired)
          do { try await waitForever() } catch {
            #expect(scope.isExpired)
            #expect(scope.deadline == TimeoutScopeTests.second(2))
            throw error
          }
        }
      }
      #expect(error == TimeoutError(timeout: .seconds(2), deadline: TimeoutScopeTests.second(2)))
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `a deadline that is moved in time counts from the last move`() async throws {
    try await runOnLoop {
      let error = await #expect(throws: TimeoutError.self) {
        try await withTimeoutScope(.seconds(2)) { scope in
          for _ in 0..<5 {
            try await sleep(for: .seconds(1))
            #expect(scope.reschedule(after: .seconds(2)))
          }
          try await waitForever()
        }
      }
      #expect(EventLoop.current.now == TimeoutScopeTests.second(7))
      #expect(error == TimeoutError(deadline: TimeoutScopeTests.second(7)))
    }
  }

  @Test func `a deadline that is moved forward comes earlier`() async throws {
    try await runOnLoop {
      await #expect(throws: TimeoutError.self) {
        try await withTimeoutScope(until: TimeoutScopeTests.second(100)) { scope in
          #expect(scope.reschedule(to: TimeoutScopeTests.second(3)))
          #expect(scope.deadline == TimeoutScopeTests.second(3))
          try await waitForever()
        }
      }
      #expect(EventLoop.current.now == TimeoutScopeTests.second(3))
    }
  }

  @Test func `a disabled deadline never comes, until one is set again`() async throws {
    try await runOnLoop {
      await #expect(throws: TimeoutError.self) {
        try await withTimeoutScope(.seconds(1)) { scope in
          #expect(scope.disable())
          #expect(scope.deadline == nil)
          try await sleep(for: .seconds(10))
          #expect(scope.reschedule(after: .seconds(1)))
          try await waitForever()
        }
      }
      #expect(EventLoop.current.now == TimeoutScopeTests.second(11))
    }
  }

  @Test func `without a deadline there is no timer`() async throws {
    try await runOnLoop {
      let timers = try await withTimeoutScope { scope in
        #expect(scope.deadline == nil)
        return EventLoop.current.census.timers
      }
      #expect(timers == 0)
    }
  }

  @Test func `a move into the past cancels at the next wait, and not before`() async throws {
    try await runOnLoop {
      try await sleep(for: .seconds(5))
      var reached: [String] = []
      await #expect(throws: TimeoutError.self) {
        try await withTimeoutScope { scope in
          #expect(scope.reschedule(to: TimeoutScopeTests.second(1)))
          #expect(scope.isExpired)
          reached.append("went on")
          try await waitForever()
          reached.append("after the wait")
        }
      }
      #expect(reached == ["went on"])
      let value = try await withTimeoutScope { scope in
        scope.reschedule(after: .zero)
        return 5
      }
      #expect(value == 5)
    }
  }

  @Test func `an expired scope, and one whose body has ended, cannot be moved`() async throws {
    try await runOnLoop {
      var kept: [TimeoutScope] = []
      await #expect(throws: TimeoutError.self) {
        try await withTimeoutScope(.seconds(1)) { scope in
          kept.append(scope)
          do { try await waitForever() } catch {
            #expect(!scope.reschedule(after: .seconds(1)))
            #expect(!scope.disable())
            throw error
          }
        }
      }
      try await withTimeoutScope(.seconds(1)) { scope in kept.append(scope) }
      for scope in kept {
        #expect(!scope.reschedule(after: .seconds(1)))
        #expect(!scope.disable())
      }
      #expect(kept.map(\.isExpired) == [true, false])
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `another task and a callback of the loop move it`() async throws {
    try await runOnLoop {
      let value = try await withTimeoutScope(.seconds(1)) { scope in
        let mover = spawn { scope.reschedule(after: .seconds(5)) }
        let isMoved = try await mover.value
        #expect(isMoved)
        try await sleep(for: .seconds(4))
        return "in time"
      }
      #expect(value == "in time")
    }
  }

  @Test func `a deadline that is due is moved by work that is ready before it`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      try await withTimeoutScope(until: TimeoutScopeTests.second(9)) { scope in
        let mover = spawn {
          try await sleep(until: TimeoutScopeTests.second(2))
          #expect(scope.reschedule(after: .seconds(5)))
        }
        await yield()
        // After the mover's sleep in the order of creation.
        scope.reschedule(to: TimeoutScopeTests.second(2))
        try await sleep(for: .seconds(6))
        #expect(!scope.isExpired)
        try await mover.value
      }
      #expect(loop.now == TimeoutScopeTests.second(6))
      #expect(loop.census.timers == 0)
    }
  }

  @Test func `a cancelled caller cancels the body, and its own error is passed on`() async throws {
    try await runOnLoop {
      let task = spawn {
        try await withTimeoutScope { scope in
          defer { scope.reschedule(after: .zero) }
          try await waitForever()
        }
      }
      await yield()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `random moves expire at the last deadline that was set, under many orders`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      var random = SeededGenerator(seed: seed)
      let steps = (0..<10).map { _ in (Int64.random(in: 0..<4, using: &random), Int64.random(in: 1..<6, using: &random))
      }
      // Deadlines lie between the instants of the moves: none is due together with a move.
      var (now, deadline): (Int64, Int64) = (0, 45)
      for (pause, time) in steps {
        guard now + pause * 10 < deadline else { break }
        now += pause * 10
        deadline = now + time * 10 - 5
      }
      await #expect(throws: TimeoutError(deadline: Instant(nanoseconds: deadline))) {
        try await withTimeoutScope { scope in
          scope.reschedule(to: Instant(nanoseconds: 45))
          for (pause, time) in steps {
            try await sleep(for: .nanoseconds(pause * 10))
            scope.reschedule(after: .nanoseconds(time * 10 - 5))
          }
          try await waitForever()
        }
      }
    }
  }
}

@Suite struct MoveOnTests {
  @Test func `a body that ends in time gives its value, one that does not gives nil`() async throws {
    try await runOnLoop {
      let inTime = try await moveOn(after: .seconds(2)) {
        try await sleep(for: .seconds(1))
        return 5
      }
      #expect(inTime == 5)
      let late: Void? = try await moveOn(after: .seconds(2)) { try await waitForever() }
      #expect(late == nil)
      #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
      try await moveOn(at: Instant(nanoseconds: 4_000_000_000)) { try await waitForever() }
      #expect(EventLoop.current.now == Instant(nanoseconds: 4_000_000_000))
      #expect(EventLoop.current.census.timers == 0)
      #expect(!Task.isCancelled)
    }
  }

  @Test func `its end is awaited, and what it returns all the same is returned`() async throws {
    try await runOnLoop {
      let value = try await moveOn(after: .seconds(1)) {
        try? await waitForever()
        for _ in 0..<10 { await yield() }
        return "late"
      }
      #expect(value == "late")
    }
  }

  @Test func `errors are thrown on, another timeout's too`() async throws {
    try await runOnLoop {
      await #expect(throws: Broken(number: 1)) {
        try await moveOn(after: .seconds(1)) { throw Broken(number: 1) }
      }
      await #expect(throws: TimeoutError.self) {
        try await moveOn(after: .seconds(5)) { try await withTimeout(.seconds(1)) { try await waitForever() } }
      }
      await #expect(throws: CancellationError.self) {
        try await moveOn(after: .seconds(1)) { throw CancellationError() }
      }
    }
  }

  @Test func `a cancelled caller does not move on`() async throws {
    try await runOnLoop {
      let task = spawn { try await moveOn(after: .seconds(1)) { try await waitForever() } }
      await yield()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `an outer deadline ends the inner body, and the inner one does not swallow it`() async throws {
    try await runOnLoop {
      var wentOn = false
      let value: Void? = try await moveOn(after: .seconds(1)) {
        try await moveOn(after: .seconds(5)) { try await waitForever() }
        wentOn = true
      }
      #expect(value == nil)
      #expect(!wentOn)
    }
  }
}
