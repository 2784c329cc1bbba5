import EpollLoopTesting
import Testing

@testable import EpollLoop

/// What runs in a loop's actor, and what refuses to run outside of one.
@Suite struct LoopActorTests {
  @Test func `a body and all that it starts are isolated to the loop's actor`() async throws {
    try await runOnLoop { loop in
      loop.preconditionIsolated()
      #expect(loop.eventLoop === EventLoop.current)
      let task = spawn { loop.preconditionIsolated() }
      try await task.value
      _ = try await gather(over: 0..<2) { _ in
        await yield()
        loop.preconditionIsolated()
      }
      EventLoop.current.soon { loop.preconditionIsolated() }
      let plain = Task {
        _ = loop
        return EventLoop.current === loop.eventLoop
      }
      #expect(await plain.value)
      await yield()
    }
  }

  @Test func `child tasks of Swift's own stay on the loop`() async throws {
    try await runOnLoop { loop in
      async let one = EventLoop.current === loop.eventLoop
      let others = await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<3 { group.addTask { EventLoop.current === loop.eventLoop } }
        var all = true
        for await isOn in group { all = all && isOn }
        return all
      }
      #expect(await one && others)
    }
  }

  @Test func `spawn and callbacks trap where no actor is known, and name the cure`() async {
    let spawned = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { _ = (0..<1).map { _ in spawn {} } }
    }
    #expect(names("'spawn' was called by code that is isolated to no actor", spawned))
    let callback = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { (0..<1).forEach { _ in EventLoop.current.soon {} } }
    }
    #expect(names("'EventLoop.soon' was called by code that is isolated to no actor", callback))
    let report = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { (0..<1).forEach { _ in EventLoop.current.reportSlowTasks(over: .seconds(1)) { _ in } } }
    }
    #expect(names("'EventLoop.reportSlowTasks' was called by code that is isolated to no actor", report))
  }

  @Test func `what returns when its work has ended stays on the loop, called by code without an actor`() async throws {
    try await runOnLoop { loop in
      let isOn = await withTaskGroup(of: Bool.self) { group in
        group.addTask {
          do {
            let both = try await gather(
              { EventLoop.current === loop.eventLoop }, { EventLoop.current === loop.eventLoop })
            let timed = try await withTimeout(.seconds(1)) { EventLoop.current === loop.eventLoop }
            return both.0 && both.1 && timed
          } catch { return false }
        }
        return await group.next() ?? false
      }
      #expect(isOn)
    }
  }

  @Test func `withLoop has a loop of its own, and cancelling its caller cancels its body`() async throws {
    try await runOnLoop { loop in
      let value = try await withLoop { other in
        precondition(other !== loop && EventLoop.current === other.eventLoop)
        return try await gather(over: 0..<3) { $0 }
      }
      #expect(value == [0, 1, 2])
      await #expect(throws: Broken(number: 1)) { try await withLoop { _ in throw Broken(number: 1) } }
      let begun = Gate()
      let task = spawn {
        try await withLoop { _ in
          begun.open()
          try await sleep(for: .seconds(3600))
        }
      }
      try await offload { begun.wait() }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `a run in a nonisolated function that an actor's code calls traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runInsideMainActor()
    }
    #expect(names("EventLoop().run was called by isolated code", result))
  }

  @Test func `the blocking form of runOnLoop is refused in a task, and the plain form in an actor`() async {
    func block() -> (any Error)? {
      do { try runOnLoop {} } catch { return error }
      return nil
    }
    #expect(block() is FixtureError)
    #expect(await runInMainActor() is FixtureError)
  }
}

nonisolated private func handOn(_ body: @escaping () async throws -> Void) throws {
  try EventLoop().run { try await body() }
}

@MainActor private func runInsideMainActor() throws {
  try handOn {}
}

@MainActor private func runInMainActor() async -> (any Error)? {
  do { try await runOnLoop {} } catch { return error }
  return nil
}
