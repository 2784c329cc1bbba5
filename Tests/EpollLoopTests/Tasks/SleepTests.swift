import EpollLoop
import EpollLoopTesting
import Glibc
import Testing

@Suite struct SleepTests {
  @Test func `a day passes at once on a virtual clock`() async throws {
    try await runOnLoop {
      let start = EventLoop.current.now
      try await sleep(for: .seconds(86_400))
      #expect(EventLoop.current.now - start == .seconds(86_400))
    }
  }

  @Test func `tasks with one deadline wake in the order in which they went to sleep`() async throws {
    try await runOnLoop {
      var order: [Int] = []
      _ = try await gather(over: 0...100) { number in
        try await sleep(for: .milliseconds(10))
        order.append(number)
      }
      #expect(order == Array(0...100))
    }
  }

  @Test func `durations and instants that mean the same deadline share one order`() async throws {
    try await runOnLoop {
      var order: [Int] = []
      let deadline = EventLoop.current.now + .seconds(1)
      _ = try await gather(over: 0..<10) { number in
        if number % 2 == 0 { try await sleep(until: deadline) } else { try await sleep(for: .seconds(1)) }
        order.append(number)
      }
      #expect(order == Array(0..<10))
    }
  }

  @Test func `sleepers wake in the order of their deadlines`() async throws {
    try await runOnLoop {
      var order: [Int] = []
      _ = try await gather(over: [5, 3, 9, 1, 7]) { number in
        try await sleep(for: .milliseconds(number))
        #expect(EventLoop.current.now == Instant(nanoseconds: 0) + .milliseconds(number))
        order.append(number)
      }
      #expect(order == [1, 3, 5, 7, 9])
    }
  }

  @Test func `a sleep of part of a nanosecond is rounded up, never early`() async throws {
    try await runOnLoop {
      try await sleep(for: Duration(secondsComponent: 0, attosecondsComponent: 1))
      #expect(EventLoop.current.now.nanoseconds == 1)
    }
  }

  @Test func `zero, negative and past sleeps take no time and let ready work go first`() async throws {
    try await runOnLoop {
      try await sleep(for: .seconds(10))
      let start = EventLoop.current.now
      for duration in [Duration.zero, .seconds(-1), .seconds(Int64.min)] {
        var order: [String] = []
        spawn { order.append("ready") }
        try await sleep(for: duration)
        order.append("slept")
        #expect(order == ["ready", "slept"])
      }
      try await sleep(until: start + .seconds(-5))
      try await sleep(until: Instant(nanoseconds: .min))
      #expect(EventLoop.current.now == start)
    }
  }

  @Test func `a sleep of zero that is repeated starves no timer`() async throws {
    try await runOnLoop(clock: .kernel) {
      var isOver = false
      spawn {
        try await sleep(for: .milliseconds(1))
        isOver = true
      }
      while !isOver { try await sleep(for: .zero) }
    }
  }

  @Test func `huge and infinite sleeps neither overflow nor end early`() async throws {
    try await runOnLoop {
      var ended = 0
      let tasks = spawn(over: [Duration.seconds(Int64.max), .seconds(9_000_000_000), .nanoseconds(Int64.max)]) { long in
        try await sleep(for: long)
        ended += 1
      }
      let infinite = spawn { try await sleep(until: .distantFuture) }
      try await sleep(for: .seconds(86_400 * 365 * 200))
      #expect(ended == 0)
      for task in tasks { task.cancel() }
      infinite.cancel()
      await #expect(throws: CancellationError.self) { try await infinite.value }
    }
  }

  @Test func `a sleep never ends early on the kernel's clock`() async throws {
    try await runOnLoop(clock: .kernel) {
      for nanoseconds in [0, 1, 999, 50_000, 1_000_001, 3_000_000] as [Int64] {
        let start = SleepTests.bootTime()
        try await sleep(for: .nanoseconds(nanoseconds))
        #expect(SleepTests.bootTime() - start >= nanoseconds)
      }
      let deadline = EventLoop.current.now + .milliseconds(2)
      try await sleep(until: deadline)
      #expect(SleepTests.bootTime() >= deadline.nanoseconds)
    }
  }

  private static func bootTime() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_BOOTTIME, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

@Suite struct SleepCancellationTests {
  @Test func `a cancelled sleep leaves no timer`() async throws {
    try await runOnLoop {
      let task = spawn { try await sleep(for: .seconds(3600)) }
      await yield()
      #expect(EventLoop.current.census.timers == 1)
      task.cancel()
      #expect(EventLoop.current.census.timers == 0)
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `ten thousand cancelled sleeps leave no timer`() async throws {
    try await runOnLoop {
      let tasks = spawn(over: 0..<10_000) { number in try await sleep(for: .seconds(1 + number % 97)) }
      await yield()
      #expect(EventLoop.current.census.timers == 10_000)
      for task in tasks { task.cancel() }
      #expect(EventLoop.current.census.timers == 0)
      await yield()
      #expect(tasks.allSatisfy { $0.isDone })
      #expect(EventLoop.current.now.nanoseconds == 0)
    }
  }

  @Test func `a sleep of a task that is cancelled already throws at once, without a timer`() async throws {
    try await runOnLoop {
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        let turns = EventLoop.current.statistics.turns
        let errors = [
          await errorOf { try await sleep(for: .seconds(1)) }, await errorOf { try await sleep(for: .zero) },
        ]
        #expect(errors.allSatisfy { $0 is CancellationError })
        #expect(EventLoop.current.statistics.turns == turns)
        #expect(EventLoop.current.census.timers == 0)
      }
      try await task.value
    }
  }

  @Test func `cancelling a sleep twice is as good as once`() async throws {
    try await runOnLoop {
      let task = spawn { try await waitForever() }
      await yield()
      task.cancel()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      task.cancel()
    }
  }

  @Test func `a cancel after the timer has fired comes too late`() async throws {
    try await runOnLoop {
      let deadline = EventLoop.current.now + .seconds(1)
      var other: TaskHandle<Bool>?
      let canceller = spawn {
        try await sleep(until: deadline)
        // The other's timer has fired in the same tick; its turn comes next.
        other?.cancel()
      }
      let sleeper = spawn {
        try await sleep(until: deadline)
        return Task.isCancelled
      }
      other = sleeper
      try await canceller.value
      let isCancelled = try await sleeper.value
      #expect(isCancelled)
    }
  }
}

@Suite struct YieldTests {
  @Test func `tasks that yield take strict turns`() async throws {
    try await runOnLoop {
      var order: [Int] = []
      _ = try await gather(over: 0..<5) { number in
        for _ in 0..<20 {
          order.append(number)
          await yield()
        }
      }
      #expect(order == (0..<100).map { $0 % 5 })
    }
  }

  @Test func `all that is ready runs before a task that yields goes on`() async throws {
    try await runOnLoop {
      var count = 0
      for _ in 0..<500 { spawn { count += 1 } }
      await yield()
      #expect(count == 500)
    }
  }

  @Test func `yield does not look at cancellation`() async throws {
    try await runOnLoop {
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        await yield()
        return Task.isCancelled
      }
      let isCancelled = try await task.value
      #expect(isCancelled)
    }
  }

  @Test func `a task that only yields starves no timer and no other thread`() async throws {
    try await runOnLoop(clock: .kernel) {
      let loop = EventLoop.current
      let calls = CallCounter()
      var isOver = false
      spawn {
        try await sleep(for: .milliseconds(1))
        isOver = true
      }
      try await offload { try loop.execute { calls.add() } }
      while !isOver || calls.value == 0 { await yield() }
    }
  }
}
