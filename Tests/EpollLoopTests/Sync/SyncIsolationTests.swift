import EpollLoop
import EpollLoopTesting
import Testing

/// Bodies run in their caller's isolation, and may change what it holds, Sendable or not.
@Suite struct SyncIsolationTests {
  private final class Ledger {
    var entries: [String] = []
  }

  @Test func `bodies of nonisolated code change its local state`() async throws {
    try await runOnLoop {
      var total = 0
      let ledger = Ledger()
      let (semaphore, lock, condition) = (Semaphore(1), Lock(), Condition())
      try await semaphore.withPermit {
        total += 1
        await yield()
        ledger.entries.append("permit")
      }
      let same = try await lock.withLock {
        total += 1
        await yield()
        return ledger
      }
      try await condition.withLock {
        try await condition.wait { total == 2 }
        same.entries.append("condition")
      }
      #expect(total == 2)
      #expect(ledger.entries == ["permit", "condition"])
    }
  }

  @Test func `bodies of an actor's method run on the actor, after a wait too`() async throws {
    try await runOnLoop {
      let office = Office()
      let semaphore = Semaphore(0)
      let task = spawn { try await office.work(semaphore) }
      await yield()
      semaphore.release()
      let total = try await task.value
      #expect(total == 3)
    }
  }

  @Test func `bodies of a global actor's function run on that actor`() async throws {
    try await runOnLoop {
      let total = try await countAtDesk()
      #expect(total == 3)
    }
  }

  @Test func `a worker's loop has objects of its own`() async throws {
    try await runOnLoop(clock: .kernel) {
      let total = try await offload {
        try runOnLoop {
          let barrier = Barrier(parties: 3)
          var total = 0
          _ = try await gather(over: 0..<3) { number in
            try await barrier.wait()
            total += number
          }
          return total
        }
      }
      #expect(total == 3)
    }
  }
}

private actor Office {
  private var total = 0

  func work(_ semaphore: Semaphore) async throws -> Int {
    let (lock, event) = (Lock(), Event())
    try await semaphore.withPermit {
      self.preconditionIsolated()
      await yield()
      self.total += 1
    }
    preconditionIsolated()
    try await lock.withLock {
      self.preconditionIsolated()
      self.total += 1
    }
    let task = spawn {
      try await event.wait()
      self.preconditionIsolated()
      self.total += 1
    }
    await yield()
    event.set()
    try await task.value
    preconditionIsolated()
    return total
  }
}

@globalActor private actor Desk {
  static let shared = Desk()
}

@Desk private var atDesk = 0

@Desk private func countAtDesk() async throws -> Int {
  let condition = Condition()
  var local = 0
  let task = spawn {
    try await condition.withLock {
      try await condition.wait { atDesk == 1 }
      Desk.preconditionIsolated()
      local += 1
    }
  }
  await yield()
  try await condition.withLock {
    Desk.preconditionIsolated()
    atDesk += 1
    local += 1
    condition.notifyAll()
  }
  try await task.value
  Desk.preconditionIsolated()
  return local + atDesk
}
