@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct RunTests {
  @Test func `the value of the body comes back`() throws {
    #expect(try EventLoop(clock: .virtual).run { 42 } == 42)
  }

  @Test func `the error of the body comes back`() throws {
    let loop = try EventLoop(clock: .virtual)
    #expect(throws: Broken(number: 7)) {
      try loop.run { throw Broken(number: 7) }
    }
  }

  @Test func `leftover tasks are cancelled and awaited before the run returns`() throws {
    var trace: [String] = []
    let loop = try EventLoop(clock: .virtual)
    try loop.run {
      spawn {
        do {
          try await waitForever()
        } catch is CancellationError {
          trace.append("cancelled")
        }
        for _ in 0..<10 { await yield() }
        trace.append("ended")
      }
      await yield()
      trace.append("body")
    }
    #expect(trace == ["body", "cancelled", "ended"])
    #expect(loop.census == .empty)
  }

  @Test func `leftover tasks are cancelled also when the body fails`() throws {
    var wasCancelled = false
    let loop = try EventLoop(clock: .virtual)
    #expect(throws: Broken()) {
      try loop.run {
        spawn {
          defer { wasCancelled = true }
          try await waitForever()
        }
        await yield()
        throw Broken()
      }
    }
    #expect(wasCancelled)
    #expect(loop.census == .empty)
  }

  @Test func `leftover tasks that have not started never do`() throws {
    var hasStarted = false
    let loop = try EventLoop(clock: .virtual)
    try loop.run {
      spawn { hasStarted = true }
      return
    }
    #expect(!hasStarted)
    #expect(loop.census == .empty)
  }

  @Test func `the clock goes on for a leftover task whose clean-up takes time`() throws {
    let loop = try EventLoop(clock: .virtual)
    var end: Instant?
    try loop.run {
      let executor = loop.taskExecutor
      spawn {
        do {
          try await waitForever()
        } catch {
          // A task of its own is not cancelled with this one.
          try await Task(executorPreference: executor) { try await sleep(for: .seconds(5)) }.value
          end = loop.now
        }
      }
      await yield()
    }
    #expect(end == Instant(nanoseconds: 5_000_000_000))
  }

  @Test func `a task that is spawned while the run ends is cancelled at once`() throws {
    var trace: [String] = []
    let loop = try EventLoop(clock: .virtual)
    try loop.run {
      spawn {
        do {
          try await waitForever()
        } catch {
          trace.append("cancelled")
        }
        spawn { trace.append("late") }
        await yield()
        await yield()
        trace.append("ended")
      }
      await yield()
    }
    #expect(trace == ["cancelled", "ended"])
    #expect(loop.census == .empty)
  }

  @Test func `a loop runs twice, one body after the other`() throws {
    let loop = try EventLoop(clock: .virtual)
    let first = try loop.run {
      spawn { try await waitForever() }
      try await sleep(for: .seconds(1))
      return EventLoop.current.now
    }
    let second = try loop.run {
      // Tasks are not cancelled at birth any more.
      let task = spawn {
        try await sleep(for: .seconds(1))
        return EventLoop.current.now
      }
      return try await task.value
    }
    #expect(second - first == .seconds(1))
    #expect(loop.census == .empty)
  }

  @Test func `a body that fails does not spoil the next run`() throws {
    let loop = try EventLoop(clock: .virtual)
    #expect(throws: Broken()) {
      try loop.run { throw Broken() }
    }
    #expect(try loop.run { "well" } == "well")
  }

  @Test func `a run inside a run traps`() async {
    await #expect(processExitsWith: .failure) {
      // A thrown error would end the process in success: only the trap fails it.
      try? await runOnLoop { try EventLoop().run { await yield() } }
    }
  }

  @Test func `a run that would take the test's process over traps, and says what to do`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try EventLoop.run {}
    }
    #expect(names("EventLoop.run was called in a test, whose library would lose the main actor", result))
  }

  @Test func `a loop that runs on one thread traps on a second`() async {
    await #expect(processExitsWith: .failure) {
      let loop = try EventLoop()
      try? loop.run { try await offload { try loop.run {} } }
    }
  }

  @Test func `the loop's verbs trap where no loop runs`() async {
    await #expect(processExitsWith: .failure) {
      spawn {}
    }
  }
}
