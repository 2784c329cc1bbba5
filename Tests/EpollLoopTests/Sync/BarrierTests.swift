import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct BarrierTests {
  @Test func `nobody passes until the last has come, who need not wait`() async throws {
    try await runOnLoop {
      let barrier = Barrier(parties: 3)
      var passed: [Int] = []
      let tasks = spawn(over: 0..<2) { number in
        try await barrier.wait()
        passed.append(number)
      }
      try await sleep(for: .seconds(1))
      #expect(passed == [])
      #expect(barrier.waitingCount == 2)
      let turns = EventLoop.current.statistics.turns
      let isLast = try await barrier.wait()
      #expect(isLast)
      #expect(EventLoop.current.statistics.turns == turns)
      #expect(barrier.waitingCount == 0)
      for task in tasks { try await task.value }
      #expect(passed == [0, 1])
    }
  }

  @Test func `one party of each round is the last`() async throws {
    try await runUnderSeeds(0..<20) { _ in
      let barrier = Barrier(parties: 4)
      var last = 0
      _ = try await gather(over: 0..<4) { _ in
        for _ in 0..<10 where try await barrier.wait() { last += 1 }
      }
      if last != 10 { throw Broken(number: last) }
    }
  }

  @Test func `a barrier for one holds nobody up`() async throws {
    try await runOnLoop {
      let barrier = Barrier(parties: 1)
      for _ in 0..<100 {
        let isLast = try await barrier.wait()
        #expect(isLast)
      }
    }
  }

  @Test func `rounds do not mix, however quick a party comes back`() async throws {
    try await runUnderSeeds(0..<50) { seed in
      let barrier = Barrier(parties: 3)
      var rounds = [0, 0, 0]
      _ = try await gather(over: 0..<3) { party in
        for round in 0..<10 {
          rounds[party] = round
          try await barrier.wait()
          // All have come as far as this round, and nobody has finished the next one.
          if rounds.contains(where: { $0 < round || $0 > round + 1 }) { throw Broken(number: round) }
          if Int(seed) % 3 == party { await yield() }
        }
      }
      if barrier.waitingCount != 0 { throw Broken() }
    }
  }

  @Test func `a party that was let pass goes on, although the barrier is broken at once`() async throws {
    try await runOnLoop {
      let barrier = Barrier(parties: 2)
      let early = spawn { try await barrier.wait() }
      await yield()
      try await barrier.wait()
      barrier.abort()
      let isLast = try await early.value
      #expect(!isLast)
    }
  }

  @Test func `abort turns away who waits and who comes, until the reset`() async throws {
    try await runOnLoop {
      let barrier = Barrier(parties: 3)
      let tasks = spawn(over: 0..<2) { _ in try await barrier.wait() }
      await yield()
      barrier.abort()
      #expect(barrier.isBroken)
      #expect(barrier.waitingCount == 0)
      for task in tasks {
        _ = await #expect(throws: BrokenBarrierError()) { try await task.value }
      }
      _ = await #expect(throws: BrokenBarrierError()) { try await barrier.wait() }
      barrier.reset()
      #expect(!barrier.isBroken)
      _ = try await gather(over: 0..<3) { _ in try await barrier.wait() }
    }
  }

  @Test func `reset turns away who waits, and lets a new round begin at once`() async throws {
    try await runOnLoop {
      let barrier = Barrier(parties: 3)
      let tasks = spawn(over: 0..<2) { _ in try await barrier.wait() }
      await yield()
      barrier.reset()
      let others = spawn(over: 0..<2) { _ in try await barrier.wait() }
      for task in tasks {
        _ = await #expect(throws: BrokenBarrierError()) { try await task.value }
      }
      await yield()
      #expect(barrier.waitingCount == 2)
      try await barrier.wait()
      for task in others { _ = try await task.value }
    }
  }

  @Test func `a cancelled party does not count any more, and breaks nothing`() async throws {
    try await runOnLoop {
      let barrier = Barrier(parties: 3)
      let tasks = spawn(over: 0..<2) { _ in try await barrier.wait() }
      await yield()
      tasks[0].cancel()
      // At once, and not only when the cancelled task has run.
      #expect(barrier.waitingCount == 1)
      let third = spawn { try await barrier.wait() }
      await #expect(throws: CancellationError.self) { _ = try await tasks[0].value }
      try await sleep(for: .seconds(1))
      #expect(barrier.waitingCount == 2)
      #expect(!barrier.isBroken)
      let isLast = try await barrier.wait()
      #expect(isLast)
      _ = try await third.value
      _ = try await tasks[1].value
    }
  }

  @Test func `a cancel and the last arrival in one turn do not make a party too few`() async throws {
    try await runOnLoop {
      let barrier = Barrier(parties: 2)
      let task = spawn { try await barrier.wait() }
      await yield()
      task.cancel()
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { _ = try await barrier.wait() }
      }
      await #expect(throws: CancellationError.self) { _ = try await task.value }
      #expect(barrier.waitingCount == 0)
      let results = try await gather({ try await barrier.wait() }, { try await barrier.wait() })
      #expect(results == (false, true))
    }
  }

  @Test func `whatever the order and whoever gives up, rounds are complete`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      let barrier = Barrier(parties: 3)
      var (passed, last) = (0, 0)
      let tasks = spawn(over: 0..<7) { number in
        for turn in 0..<6 {
          do {
            let limit = Duration.nanoseconds((Int64(seed) + Int64(number * turn)) % 5)
            if try await withTimeout(limit, { try await barrier.wait() }) { last += 1 }
            passed += 1
          } catch is TimeoutError {}
          try await sleep(for: .nanoseconds(Int64(number) % 3))
        }
      }
      for task in tasks { try await task.value }
      if passed != last * 3 || barrier.waitingCount != 0 { throw Broken(number: passed) }
    }
  }

  @Test func `a barrier for nobody traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { _ = Barrier(parties: 0) }
    }
    #expect(names("A barrier is for one party or more", result))
  }
}
