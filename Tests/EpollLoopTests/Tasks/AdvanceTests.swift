import EpollLoop
import EpollLoopTesting
import Testing

/// Time that a test moves by hand.
@Suite struct AdvanceTests {
  @Test func `a manual clock stands still until it is advanced`() async throws {
    try await runOnLoop(clock: .manual) {
      let loop = EventLoop.current
      let task = spawn { try await sleep(for: .seconds(30)) }
      await yield()
      try await waitUntilAllBlocked()
      #expect(loop.now == Instant(nanoseconds: 0))
      try await advance(by: .seconds(29))
      #expect(!task.isDone)
      #expect(loop.now == Instant(nanoseconds: 29_000_000_000))
      try await advance(by: .seconds(1))
      #expect(task.isDone)
      #expect(loop.now == Instant(nanoseconds: 30_000_000_000))
    }
  }

  @Test(arguments: [EventLoop.Clock.manual, .virtual])
  func `advancing fires what comes due, in order, each at its own instant`(clock: EventLoop.Clock) async throws {
    try await runOnLoop(clock: clock) {
      let loop = EventLoop.current
      var trace: [String] = []
      func note(_ name: String) { trace.append("\(name) \(loop.now.nanoseconds)") }
      loop.schedule(after: .nanoseconds(20)) { note("b") }
      let sleeper = spawn {
        try await sleep(for: .nanoseconds(20))
        note("c")
        try await sleep(for: .nanoseconds(5))
        note("d")
        try await sleep(for: .nanoseconds(100))
        note("never")
      }
      loop.schedule(after: .nanoseconds(10)) { note("a") }
      let ticker = spawn { for try await _ in every(.nanoseconds(15)) { note("tick") } }
      try await advance(by: .nanoseconds(40))
      #expect(trace == ["a 10", "tick 15", "b 20", "c 20", "d 25", "tick 30"])
      #expect(loop.now == Instant(nanoseconds: 40))
      sleeper.cancel()
      ticker.cancel()
    }
  }

  @Test func `equal deadlines fire in the order of their creation`() async throws {
    try await runOnLoop(clock: .manual) {
      var order: [Int] = []
      let tasks = spawn(over: 0..<100) { number in
        try await sleep(for: .seconds(1))
        order.append(number)
      }
      try await advance(by: .seconds(1))
      #expect(order == Array(0..<100))
      for task in tasks { try await task.value }
    }
  }

  @Test func `Task.sleep and Swift's clocks follow a manual clock`() async throws {
    try await runOnLoop(clock: .manual) {
      let start = ContinuousClock.now
      let task = spawn { try await Task.sleep(for: .seconds(5)) }
      try await advance(by: .seconds(5))
      #expect(task.isDone)
      #expect(ContinuousClock.now - start == .seconds(5))
    }
  }

  @Test func `a time of zero lets run what is ready and due`() async throws {
    try await runOnLoop(clock: .manual) {
      var steps = 0
      let task = spawn {
        for _ in 0..<1000 { await yield() }
        try await sleep(for: .zero)
        steps = 1
        try await sleep(for: .nanoseconds(1))
      }
      try await advance(by: .zero)
      #expect(steps == 1)
      #expect(!task.isDone)
      task.cancel()
    }
  }

  @Test func `a timeout ends its body at its instant`() async throws {
    try await runOnLoop(clock: .manual) {
      let task = spawn { try await withTimeout(.seconds(3)) { try await sleep(for: .seconds(9)) } }
      try await advance(by: .seconds(4))
      await #expect(throws: TimeoutError(timeout: .seconds(3), deadline: Instant(nanoseconds: 3_000_000_000))) {
        try await task.value
      }
    }
  }

  @Test func `an endless time saturates`() async throws {
    try await runOnLoop(clock: .manual) {
      let task = spawn { try await sleep(for: .seconds(1 << 32)) }
      try await advance(by: .seconds(Int64.max))
      #expect(task.isDone)
      #expect(EventLoop.current.now == .distantFuture)
    }
  }

  @Test func `two tasks may advance at once, and no timer is passed over`() async throws {
    try await runOnLoop(clock: .manual) {
      var times: [Int64] = []
      let ticker = spawn { for try await due in every(.nanoseconds(10)) { times.append(due.nanoseconds) } }
      _ = try await gather({ try await advance(by: .nanoseconds(30)) }, { try await advance(by: .nanoseconds(50)) })
      #expect(times == [10, 20, 30, 40, 50])
      ticker.cancel()
    }
  }

  @Test func `a cancelled advance stops at the deadline that it has reached`() async throws {
    try await runOnLoop(clock: .manual) {
      let loop = EventLoop.current
      let driver = spawn { try await advance(by: .seconds(10)) }
      loop.schedule(after: .seconds(3)) { driver.cancel() }
      await #expect(throws: CancellationError.self) { try await driver.value }
      #expect(loop.now == Instant(nanoseconds: 3_000_000_000))
    }
  }

  @Test func `a test that waits for manual time without moving it is stuck`() async {
    let error = await #expect(throws: StuckError.self) {
      try await runOnLoop(clock: .manual) { try await sleep(for: .seconds(1)) }
    }
    #expect(error?.tasks.count == 1)
  }

  @Test func `misuse traps`() async {
    let kernel = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) { try await advance(by: .seconds(1)) }
    }
    #expect(names("Only virtual time can be advanced", kernel))
    let back = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .manual) { try await advance(by: .nanoseconds(-1)) }
    }
    #expect(names("Time does not go back", back))
  }
}

@Suite struct WaitUntilAllBlockedTests {
  @Test(arguments: [EventLoop.Clock.kernel, .virtual, .manual])
  func `it returns when all others are blocked, and no sooner`(clock: EventLoop.Clock) async throws {
    try await runOnLoop(clock: clock) {
      var steps = 0
      let task = spawn {
        for _ in 0..<2000 {
          await yield()
          steps += 1
        }
        try await sleep(for: .seconds(3600))
      }
      let start = EventLoop.current.now
      try await waitUntilAllBlocked()
      #expect(steps == 2000)
      if clock != .kernel { #expect(EventLoop.current.now == start) }
      task.cancel()
    }
  }

  @Test func `several tasks may wait, and go on in their order`() async throws {
    try await runOnLoop {
      var order: [Int] = []
      let tasks = spawn(over: 0..<3) { number in
        try await waitUntilAllBlocked()
        order.append(number)
      }
      for task in tasks { try await task.value }
      #expect(order == [0, 1, 2])
    }
  }

  @Test func `bytes on their way are awaited`() async throws {
    try await runOnLoop(clock: .kernel) {
      let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
      var received = 0
      let server = spawn {
        try await listener.serve { connection in
          for try await chunk in connection {
            received += chunk.count
            try await connection.write(chunk)
          }
        }
      }
      let client = try await Connection.tcp(to: listener.localAddress)
      try await client.write("hello")
      try await waitUntilAllBlocked()
      #expect(received == 5)
      await client.close()
      server.cancel()
      await #expect(throws: CancellationError.self) { try await server.value }
    }
  }

  @Test func `a cancelled wait ends at once, and the others go on`() async throws {
    try await runOnLoop {
      let first = spawn { try await waitUntilAllBlocked() }
      let second = spawn { try await waitUntilAllBlocked() }
      let busy = spawn { for _ in 0..<10 { await yield() } }
      await yield()
      first.cancel()
      await #expect(throws: CancellationError.self) { try await first.value }
      #expect(!busy.isDone)
      try await second.value
      #expect(busy.isDone)
    }
  }

  @Test func `virtual time jumps again afterwards`() async throws {
    try await runOnLoop {
      let task = spawn { try await sleep(for: .seconds(5)) }
      try await waitUntilAllBlocked()
      #expect(!task.isDone)
      try await task.value
      #expect(EventLoop.current.now == Instant(nanoseconds: 5_000_000_000))
    }
  }
}
