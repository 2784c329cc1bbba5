import EpollLoopTesting
import Testing

@testable import EpollLoop

/// What one run of a loop leaves to the next.
@Suite struct LaterRunTests {
  @Test func `tasks that a run has left go on in a later one, and end well`() throws {
    let loop = try EventLoop(clock: .virtual)
    var log: [String] = []
    let note = { (name: String) in
      try? await shield { try await sleep(for: .seconds(1)) }
      log.append(name)
    }
    #expect(throws: IOError(.run, .interrupted, "a second signal ended it")) {
      try loop.run {
        spawn(name: "spawned") { await note("spawned") }
        await yield()
        loop.bound.unchecked.stop()
        _ = try await gather({ await note("first child") }, { await note("second child") })
        log.append("main")
      }
    }
    #expect(log == [])
    try loop.run {
      #expect(loop.tasks.count(where: { $0.name == "main" }) == 2)
      #expect(loop.tasks.count(where: { $0.name == "spawned" }) == 1)
      try await sleep(for: .seconds(2))
    }
    #expect(log == ["spawned", "first child", "second child", "main"])
    #expect(loop.census == .empty)
  }

  @Test func `a task that a last call spawns is cancelled, and ends with the run`() throws {
    let loop = try EventLoop(clock: .virtual)
    let (calls, starts) = (CallCounter(), CallCounter())
    for run in 1...2 {
      try loop.run {
        // It is accepted, and its turn comes when the body has ended.
        try loop.execute {
          _ = calls.add()
          loop.actor.assumeIsolated { actor in _ = spawn(isolation: actor) { _ = starts.add() } }
        }
      }
      #expect(calls.value == run)
      #expect(starts.value == 0)
      #expect(loop.bound.unchecked.spawned.count == 0)
      #expect(loop.bound.unchecked.ready.count == 0)
      #expect(loop.census == .empty)
    }
  }
}
