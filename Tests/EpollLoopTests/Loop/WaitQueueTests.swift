import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct WaitQueueTests {
  @Test func `who came first is woken first`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let queue = WaitQueue(core)
      var order: [Int] = []
      for number in 0..<10 {
        spawn {
          _ = await core.park(for: "test") { queue.append($0) }
          order.append(number)
        }
      }
      await yield()
      for _ in 0..<10 { #expect(queue.wakeFirst()) }
      #expect(queue.isEmpty)
      #expect(!queue.wakeFirst())
      await yield()
      #expect(order == Array(0..<10))
    }
  }

  @Test func `wakeAll wakes all in their order and says why`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let queue = WaitQueue(core)
      var woken: [Int] = []
      for number in 0..<5 {
        spawn { if await core.park(for: "test", { queue.append($0) }) == .closed { woken.append(number) } }
      }
      await yield()
      queue.wakeAll(.closed)
      #expect(queue.isEmpty)
      await yield()
      #expect(woken == [0, 1, 2, 3, 4])
    }
  }

  @Test func `a cancelled waiter leaves the middle at once`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let queue = WaitQueue(core)
      var wakes: [Int: Wake] = [:]
      let tasks = spawn(over: 0..<3) { number in wakes[number] = await core.park(for: "test") { queue.append($0) } }
      await yield()
      tasks[1].cancel()
      queue.wakeFirst()
      queue.wakeFirst()
      #expect(queue.isEmpty)
      await yield()
      #expect(wakes == [0: .ready, 1: .cancelled, 2: .ready])
    }
  }

  @Test func `a waiter with a deadline leaves the queue when it comes`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let queue = WaitQueue(core)
      let wake = await core.park(for: "test") {
        queue.append($0)
        core.schedule($0, at: core.now + .seconds(1))
      }
      #expect(wake == .timedOut)
      #expect(queue.isEmpty)
      #expect(!queue.wakeFirst())
    }
  }

  @Test func `what wakes first is what counts, and the timer goes with it`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let queue = WaitQueue(core)
      var wakes: [Wake] = []
      let task = spawn {
        wakes.append(
          await core.park(for: "test") {
            queue.append($0)
            core.schedule($0, at: core.now + .seconds(1))
          })
      }
      await yield()
      queue.wakeFirst()
      #expect(core.timers.count == 0)
      task.cancel()
      try await task.value
      #expect(wakes == [.ready])
    }
  }

  @Test func `a woken waiter's ticket wakes nobody, also when its slot is in use again`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      var tickets: [Waiter] = []
      spawn { _ = await core.park(for: "test") { tickets.append($0) } }
      await yield()
      core.wake(tickets[0], .ready)
      await yield()
      var second = Wake.ready
      let task = spawn { second = await core.park(for: "test") { tickets.append($0) } }
      await yield()
      #expect(tickets[0].slot == tickets[1].slot)
      core.wake(tickets[0], .closed)
      core.wake(tickets[1], .timedOut)
      try await task.value
      #expect(second == .timedOut)
    }
  }

  @Test func `a queue gives its slot back when it goes`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      var sentinels: Set<UInt32> = []
      for _ in 0..<100 {
        let queue = WaitQueue(core)
        let ticket = core.waiters.take(.task, subject: 0, record: 0)
        queue.append(ticket)
        sentinels.insert(core.waiters.slots[Int(ticket.slot)].next)
        core.waiters.giveBack(ticket.slot)
      }
      #expect(sentinels.count == 1)
    }
  }

  @Test func `another thread that lets go of a queue does not touch the loop's table`() async throws {
    try await runOnLoop(clock: .kernel) {
      let core = LoopCore.current
      var queue: WaitQueue? = WaitQueue(core)
      let ticket = core.waiters.take(.task, subject: 0, record: 0)
      queue?.append(ticket)
      let sentinel = core.waiters.slots[Int(ticket.slot)].next
      core.waiters.giveBack(ticket.slot)
      // SAFETY: the queue is handed over; this thread blocks until the other one has let go of it.
      nonisolated(unsafe) let handedOver = Box(queue)
      queue = nil
      let ended = Counter()
      try Thread.start(named: "last-owner") {
        handedOver.value = nil
        ended.add()
      }
      #expect(ended.wait(for: 1))
      // The loop has not run since: nobody else may have given the slot back.
      #expect(core.waiters.slots[Int(sentinel)].kind == .sentinel)
    }
  }
}

/// A value that can be taken out of a closure.
final class Box<Value> {
  var value: Value

  init(_ value: Value) {
    self.value = value
  }
}
