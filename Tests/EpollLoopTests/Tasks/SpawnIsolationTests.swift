import EpollLoop
import EpollLoopTesting
import Testing

/// Tasks run where they are started, and so may change what the caller holds, Sendable or not.
@Suite struct SpawnIsolationTests {
  private enum Locals {
    @TaskLocal static var name = "nobody"
  }

  /// Not Sendable.
  private final class Ledger {
    var entries: [String] = []
  }

  @Test func `tasks of nonisolated code change its local state`() async throws {
    try await runOnLoop {
      var total = 0
      let ledger = Ledger()
      let task = spawn {
        for _ in 0..<10 {
          total += 1
          await yield()
        }
        ledger.entries.append("spawned")
      }
      for _ in 0..<10 {
        total += 1
        await yield()
      }
      try await task.value
      let (_, _) = try await gather({ total += 100 }, { ledger.entries.append("gathered") })
      try await withTimeout(.seconds(1)) { ledger.entries.append("timed") }
      #expect(total == 120)
      #expect(ledger.entries == ["spawned", "gathered", "timed"])
    }
  }

  @Test func `tasks of an actor's method run on the actor`() async throws {
    try await runOnLoop {
      let total = try await Office().work()
      #expect(total == 4)
    }
  }

  @Test func `a task of an actor's method changes that method's local state`() async throws {
    try await runOnLoop {
      let count = try await Office().countLocally()
      #expect(count == 1)
    }
  }

  @Test func `tasks of a global actor's function run on that actor`() async throws {
    try await runOnLoop {
      let total = try await countAtDesk()
      #expect(total == 3)
    }
  }

  @Test func `while one method of an actor waits, another runs`() async throws {
    try await runOnLoop {
      let office = Office()
      let sleeping = spawn { try await office.sleepAndSay("late", .seconds(1)) }
      let quick = spawn { try await office.sleepAndSay("early", .zero) }
      try await sleeping.value
      try await quick.value
      let said = await office.said
      #expect(said == ["early", "late"])
    }
  }

  @Test func `many tasks that wait inside one actor all return to it`() async throws {
    try await runOnLoop {
      let office = Office()
      _ = try await gather(over: 0..<100) { number in
        try await office.sleepAndSay("\(number)", .seconds(1))
      }
      let said = await office.said
      #expect(said == (0..<100).map { "\($0)" })
    }
  }

  @Test func `a task that waits inside an actor is cancelled there`() async throws {
    try await runOnLoop {
      let office = Office()
      let task = spawn { try await office.sleepAndSay("never", .seconds(3600)) }
      try await sleep(for: .seconds(1))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      let said = await office.said
      #expect(said == [])
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `an actor that is shared between loops keeps its order`() async throws {
    let pool = ThreadPool(maximumThreads: 2, idleTime: .zero)
    let office = Office()
    try await runOnLoop {
      _ = try await gather(over: 0..<2) { _ in
        try await offload(on: pool) {
          try runOnLoop { for _ in 0..<200 { await office.count() } }
        }
      }
      let total = await office.total
      #expect(total == 400)
    }
  }

  @Test func `spawned tasks, children and offspring of timeouts inherit task-locals`() async throws {
    try await runOnLoop { loop in
      try await Locals.$name.withValue("clerk") {
        _ = loop
        let name = try await spawn { Locals.name }.value
        let names = try await gather(over: 0..<2) { _ in Locals.name }
        let timed = try await withTimeout(.seconds(1)) { Locals.name }
        #expect([name] + names + [timed] == ["clerk", "clerk", "clerk", "clerk"])
      }
      #expect(Locals.name == "nobody")
    }
  }

  @Test func `a task-local that a task binds stays its own over its waits`() async throws {
    try await runOnLoop {
      let names = try await gather(over: ["a", "b", "c"]) { name in
        try await Locals.$name.withValue(name) {
          try await sleep(for: .seconds(1))
          await yield()
          return Locals.name
        }
      }
      #expect(names == ["a", "b", "c"])
    }
  }
}

private actor Office {
  private(set) var said: [String] = []
  private(set) var total = 0

  func count() {
    total += 1
  }

  func sleepAndSay(_ word: String, _ duration: Duration) async throws {
    try await sleep(for: duration)
    preconditionIsolated()
    said.append(word)
  }

  /// Starts tasks in every way; all change the actor's state.
  func work() async throws -> Int {
    let task = spawn {
      self.preconditionIsolated()
      await yield()
      self.preconditionIsolated()
      self.total += 1
    }
    try await task.value
    preconditionIsolated()
    _ = try await gather(over: 0..<2) { _ in
      try await sleep(for: .seconds(1))
      self.preconditionIsolated()
      self.total += 1
    }
    try await withTimeout(.seconds(1)) {
      self.preconditionIsolated()
      self.total += 1
    }
    preconditionIsolated()
    return total
  }

  /// Changes a local variable from a task that does not touch the actor.
  func countLocally() async throws -> Int {
    var local = 0
    let task = spawn {
      await yield()
      local += 1
    }
    try await task.value
    return local
  }
}

@globalActor private actor Desk {
  static let shared = Desk()
}

@Desk private func countAtDesk() async throws -> Int {
  var local = 0
  let task = spawn {
    Desk.preconditionIsolated()
    await yield()
    local += 1
  }
  let (_, _) = try await gather(
    { local += 1 },
    {
      try await sleep(for: .seconds(1))
      Desk.preconditionIsolated()
      local += 1
    })
  try await task.value
  return local
}
