@testable import EpollLoop
import EpollLoopTesting
import Testing

/// A task that waits with nothing else ready is not suspended: nobody may notice.
@Suite struct WaitInPlaceTests {
  /// How many waits of `body` came to an end in place.
  private nonisolated(nonsending) func waitsInPlace(_ body: () async throws -> Void) async throws -> Int {
    let before = EventLoop.current.statistics.waitsInPlace
    try await body()
    return EventLoop.current.statistics.waitsInPlace - before
  }

  @Test func `a task that is alone is not suspended`() async throws {
    try await runOnLoop {
      let before = EventLoop.current.statistics
      for _ in 0..<10 { try await sleep(for: .seconds(1)) }
      let after = EventLoop.current.statistics
      #expect(after.waitsInPlace - before.waitsInPlace == 10)
      #expect(after.turns - before.turns == 10)
      #expect(after.polls - before.polls == 10)
      #expect(EventLoop.current.now == Instant(nanoseconds: 10_000_000_000))
    }
  }

  @Test func `a task with others behind it is suspended, and they run first`() async throws {
    try await runOnLoop {
      var steps: [String] = []
      let polls = EventLoop.current.statistics.polls
      let waits = try await waitsInPlace {
        EventLoop.current.soon { steps.append("callback") }
        try await sleep(for: .seconds(1))
        steps.append("task")
      }
      #expect(waits == 0)
      #expect(EventLoop.current.statistics.polls == polls + 1)
      #expect(steps == ["callback", "task"])
    }
  }

  @Test(arguments: [true, false])
  func `of equal deadlines the one created first comes first`(callbackIsFirst: Bool) async throws {
    try await runOnLoop {
      var steps: [String] = []
      func schedule() {
        let core = LoopCore.current
        core.schedule(core.add { steps.append("callback") }, at: core.now + .seconds(1))
      }
      let waits = try await waitsInPlace {
        if callbackIsFirst {
          schedule()
          try await sleep(for: .seconds(1))
        } else {
          let core = LoopCore.current
          _ = await core.park(for: "test") { waiter in
            core.schedule(waiter, at: core.now + .seconds(1))
            schedule()
          }
        }
        steps.append("task")
      }
      #expect(waits == (callbackIsFirst ? 0 : 1))
      #expect(steps == (callbackIsFirst ? ["callback", "task"] : ["task"]))
      await yield()
      #expect(steps.count == 2)
    }
  }

  @Test func `what comes while it waits runs, and may cancel it`() async throws {
    try await runOnLoop {
      var steps: [String] = []
      let task = spawn {
        do {
          try await sleep(for: .seconds(3600))
        } catch {
          steps.append("cancelled at \(EventLoop.current.now)")
          throw error
        }
      }
      EventLoop.current.schedule(after: .seconds(1)) { steps.append("one") }
      EventLoop.current.schedule(after: .seconds(2)) { task.cancel() }
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(steps == ["one", "cancelled at \(Instant(nanoseconds: 2_000_000_000))"])
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `another thread's work runs while a task waits`() async throws {
    try await runOnLoop(clock: .kernel) {
      let core = LoopCore.current
      let queue = LoopBound(WaitQueue(core), core)
      let loop = EventLoop.current
      try Thread.start(named: "waker") {
        try? loop.execute { queue.open("test").wakeFirst() }
      }
      let wake = await core.park(for: "test") { queue.unchecked.append($0) }
      #expect(wake == .ready)
    }
  }

  @Test func `it begins a turn, with a fresh budget`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      for _ in 0..<3 {
        while core.hasBudget { _ = core.spend() }
        try await sleep(for: .seconds(1))
        #expect(core.budget == LoopCore.operationsPerTurn)
        #expect(core.turnsSinceLook == 1)
      }
    }
  }

  @Test func `when it must suspend, the others have a whole share of turns before the next look`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let polls = core.statistics.polls
      for _ in 1..<LoopCore.turnsPerLook { EventLoop.current.schedule(after: .seconds(1)) {} }
      try await sleep(for: .seconds(1))
      #expect(core.statistics.polls == polls + 1)
    }
  }

  @Test func `an event for nobody does not end the wait`() async throws {
    try await runOnLoop(clock: .kernel) {
      let core = LoopCore.current
      let queue = LoopBound(WaitQueue(core), core)
      let loop = EventLoop.current
      let near = loop.schedule(after: .milliseconds(2)) {}
      try Thread.start(named: "waker") { try? loop.execute { queue.open("test").wakeFirst() } }
      _ = await core.park(for: "test") { queue.unchecked.append($0) }
      // The alarm has been set for it, and rings.
      near.cancel()
      let waits = try await waitsInPlace { try await sleep(for: .milliseconds(20)) }
      #expect(waits == 1)
    }
  }

  @Test func `a task in an actor lets go of it`() async throws {
    try await runOnLoop(clock: .kernel) {
      let core = LoopCore.current
      let queue = LoopBound(WaitQueue(core), core)
      let office = Office()
      // A visitor from another thread enters the actor, or this never ends.
      let wake = try await office.wait(queue, EventLoop.current)
      #expect(wake == .ready)
    }
  }

  @Test(arguments: [true, false])
  func `a task on top of a task or a callback is suspended, and that goes on`(isCallback: Bool) async throws {
    try await runOnLoop {
      let ledger = Ledger()
      let core = LoopBound(LoopCore.current, LoopCore.current)
      let executor = EventLoop.current.taskExecutor
      var above: Task<Void, Never>?
      func start() {
        above = Task.immediate(executorPreference: executor) {
          ledger.steps.append("above")
          let core = core.unchecked
          _ = await core.parkThroughCancellation(for: "test") { core.schedule($0, at: core.now + .seconds(1)) }
          ledger.steps.append("above again")
        }
        ledger.steps.append("below")
      }
      if isCallback {
        EventLoop.current.schedule(after: .seconds(1)) { start() }
        // This task must not be ready then, or nobody would wait in place.
        try await sleep(for: .seconds(10))
      } else {
        start()
      }
      await above?.value
      #expect(ledger.steps == ["above", "below", "above again"])
    }
  }

  @Test func `a task that another resumes on its own stack is suspended, and the other goes on`() async throws {
    try await runOnLoop {
      let ledger = Ledger()
      let above = spawn {
        await withTaskExecutorPreference(AtOnce()) {
          await withUnsafeContinuation { ledger.continuation = $0 }
          ledger.steps.append("above")
          try? await sleep(for: .seconds(1))
          ledger.steps.append("above again")
        }
      }
      while ledger.continuation == nil { await yield() }
      ledger.continuation?.resume()
      ledger.steps.append("below")
      try await above.value
      #expect(ledger.steps == ["above", "below", "above again"])
    }
  }

  @Test func `in a shuffled order its turn is one among others`() async throws {
    var orders: Set<[String]> = []
    for seed: UInt64 in 0..<16 {
      let steps = try await runOnLoop(shuffleSeed: seed) {
        var steps: [String] = []
        let core = LoopCore.current
        _ = await core.park(for: "test") { waiter in
          core.schedule(waiter, at: core.now + .seconds(1))
          core.schedule(core.add { steps.append("callback") }, at: core.now + .seconds(1))
        }
        steps.append("task")
        await yield()
        return steps
      }
      orders.insert(steps)
    }
    #expect(orders == [["callback", "task"], ["task", "callback"]])
  }

  @Test func `a wait is not counted as time that a task holds the thread`() async throws {
    try await runOnLoop {
      var reports = 0
      EventLoop.current.reportSlowTasks(over: .nanoseconds(1)) { _ in reports += 1 }
      for _ in 0..<5 { try await sleep(for: .seconds(1)) }
      EventLoop.current.reportSlowTasks(over: nil)
      // The first turn began before the reports did.
      #expect(reports >= 4)
    }
  }

  @Test func `a task that has ended the run does not hold it up`() throws {
    var isOver = false
    let loop = try EventLoop(clock: .virtual)
    #expect(throws: IOError.self) {
      try loop.run {
        LoopCore.current.stop()
        try await sleep(for: .seconds(1))
        isOver = true
      }
    }
    #expect(!isOver)
    // A later run goes on with it.
    try loop.run { try await sleep(for: .seconds(2)) }
    #expect(isOver)
  }
}

// SAFETY: only tasks of one loop touch it.
private final class Ledger: @unchecked Sendable {
  var steps: [String] = []
  var continuation: UnsafeContinuation<Void, Never>?
}

/// Runs each job on the stack of whoever hands it over.
private final class AtOnce: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    UnownedJob(job).runSynchronously(on: asUnownedTaskExecutor())
  }
}

private actor Office {
  private(set) var visits = 0

  /// Has a task of this actor wait until a task on one of Swift's own threads has been here.
  func wait(_ queue: LoopBound<WaitQueue>, _ loop: EventLoop) async throws -> Wake {
    let waiting = spawn {
      self.preconditionIsolated()
      Task.detached {
        await self.visit()
        // Outside again: the task that waits comes back to a free actor, and so stays on its thread.
        try loop.execute { queue.open("test").wakeFirst() }
      }
      return await queue.core.park(for: "test") { queue.unchecked.append($0) }
    }
    return try await waiting.value
  }

  private func visit() {
    visits += 1
  }
}
