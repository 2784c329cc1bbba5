@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct RateLimiterTests {
  private static var now: Int64 { EventLoop.current.now.nanoseconds }

  @Test func `tokens come at exact instants, after a burst`() async throws {
    try await runOnLoop {
      let limiter = RateLimiter(10, per: .seconds(1), burst: 3)
      var times: [Int64] = []
      for _ in 0..<6 {
        try await limiter.acquire()
        times.append(RateLimiterTests.now / 1_000_000)
      }
      #expect(times == [0, 0, 0, 100, 200, 300])
      try await sleep(for: .seconds(10))
      #expect(limiter.available == 3)
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `a rate that is no whole number of nanoseconds does not drift`() async throws {
    try await runOnLoop {
      let limiter = RateLimiter(3, per: .nanoseconds(10))
      var times: [Int64] = []
      for _ in 0..<8 {
        try await limiter.acquire()
        times.append(RateLimiterTests.now)
      }
      // Up to one is spent at once; each further one is due 10/3 ns after the instant of the one before.
      #expect(times[0] == 0)
      for (one, next) in zip(times, times.dropFirst()) { #expect(next - one == 4) }
      let exact = RateLimiter(3, per: .nanoseconds(10), burst: 2)
      var start: Int64?
      for number in 0..<3_000 as Range<Int64> {
        try await exact.acquire()
        if start == nil { start = RateLimiterTests.now }
        let due = max(0, (number - 1) * 10)
        #expect(RateLimiterTests.now - (start ?? 0) == (due + 2) / 3)
      }
    }
  }

  @Test func `requests are served in FIFO order, a small one behind a large one too`() async throws {
    try await runOnLoop {
      let limiter = RateLimiter(1, per: .seconds(1), burst: 5)
      #expect(limiter.tryAcquire(5))
      var order: [String] = []
      let tasks = spawn(over: [3, 1, 2, 1]) { count in
        try await limiter.acquire(count)
        order.append("\(count) at \(RateLimiterTests.now / 1_000_000_000)")
      }
      await yield()
      #expect(limiter.waitingCount == 4)
      try await sleep(for: .seconds(2))
      #expect(limiter.available == 0)
      #expect(!limiter.tryAcquire())
      for task in tasks { try await task.value }
      #expect(order == ["3 at 3", "1 at 4", "2 at 6", "1 at 7"])
    }
  }

  @Test func `a cancelled request takes nothing, and those behind it move up at once`() async throws {
    try await runOnLoop {
      let limiter = RateLimiter(1, per: .seconds(1), burst: 10)
      #expect(limiter.tryAcquire(10))
      var order: [Int64] = []
      let large = spawn { try await limiter.acquire(10) }
      let small = spawn(over: 0..<3) { _ in
        try await limiter.acquire()
        order.append(RateLimiterTests.now / 1_000_000_000)
      }
      try await sleep(for: .seconds(2))
      large.cancel()
      for task in small { try await task.value }
      await #expect(throws: CancellationError.self) { try await large.value }
      #expect(order == [2, 2, 3])
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `a request that comes as the timer fires does not pass the one that it fired for`() async throws {
    try await runOnLoop {
      let limiter = RateLimiter(1, per: .seconds(1))
      try await limiter.acquire()
      var stolen = true
      let thief = spawn {
        try await sleep(for: .seconds(1))
        stolen = limiter.tryAcquire()
      }
      await yield()
      let waiter = spawn {
        try await limiter.acquire()
        return RateLimiterTests.now / 1_000_000_000
      }
      // Its task goes on while the token of the waiter, which has left the queue, is on its way.
      try await thief.value
      #expect(!stolen)
      let time = try await waiter.value
      #expect(time == 1)
    }
  }

  @Test func `a request that is cancelled as the timer fires frees no token, under many orders`() async throws {
    try await runUnderSeeds(0..<50) { _ in
      let limiter = RateLimiter(1, per: .nanoseconds(10))
      try await limiter.acquire()
      var tasks: [TaskHandle<Int64>] = []
      for _ in 0..<3 {
        tasks.append(
          spawn {
            try await limiter.acquire()
            return RateLimiterTests.now
          })
        try await sleep(for: .nanoseconds(1))
      }
      let canceller = spawn { [tasks] in
        try await sleep(until: Instant(nanoseconds: 10))
        tasks[1].cancel()
      }
      let (first, last) = (try await tasks[0].value, try await tasks[2].value)
      #expect(first == 10)
      #expect(last == 20)
      try await canceller.value
    }
  }

  @Test func `misuse traps and names the cure`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { try await RateLimiter(1, per: .seconds(1), burst: 2).acquire(3) }
    }
    #expect(names("raise `burst`", result))
  }

  @Test func `extreme rates neither overflow nor come early`() async throws {
    try await runOnLoop {
      let fast = RateLimiter(.max, per: .nanoseconds(1), burst: .max)
      #expect(fast.tryAcquire(.max))
      try await fast.acquire(.max)
      #expect(RateLimiterTests.now == 1)
      let slow = RateLimiter(1, per: .seconds(Int64.max), burst: 2)
      try await slow.acquire(2)
      try await moveOn(after: .seconds(86_400 * 10_000)) {
        try await slow.acquire()
        Issue.record("that was early")
      }
    }
  }

  @Test func `no span of time gets more than rate and burst, none is lost, and order is kept, under many orders`()
    async throws
  {
    try await runUnderSeeds(0..<200) { seed in
      var random = SeededGenerator(seed: seed)
      let (count, period, burst) = (
        Int.random(in: 1...4, using: &random), Int64.random(in: 1...20, using: &random),
        Int.random(in: 1...4, using: &random)
      )
      let limiter = RateLimiter(count, per: .nanoseconds(period), burst: burst)
      var grants: [(time: Int64, size: Int)] = []
      let plans = (0..<12).map { _ in
        (
          start: Int64.random(in: 0..<40, using: &random), size: Int.random(in: 1...burst, using: &random),
          patience: Int64.random(in: 0..<80, using: &random)
        )
      }
      let tasks = spawn(over: plans) { plan in
        try await sleep(for: .nanoseconds(plan.start))
        try await moveOn(after: .nanoseconds(plan.patience)) {
          try await limiter.acquire(plan.size)
          grants.append((RateLimiterTests.now, plan.size))
        }
      }
      for task in tasks { try await task.value }
      for first in grants.indices {
        var sum = 0
        for last in first..<grants.count {
          sum += grants[last].size
          let span = grants[last].time - grants[first].time
          if Int64(sum - burst) * period > span * Int64(count) { throw Broken(number: sum) }
        }
      }
      #expect(EventLoop.current.census.timers == 0)
      try await sleep(for: .nanoseconds(period * Int64(burst)))
      #expect(limiter.available == burst)
    }
  }
}

@Suite struct KeyedLimiterTests {
  @Test func `each key has permits of its own, and keys without users are gone`() async throws {
    try await runOnLoop {
      let limiter = KeyedLimiter<String>(limit: 2)
      var (running, most) = (["a": 0, "b": 0], ["a": 0, "b": 0])
      _ = try await gather(over: 0..<10) { number in
        let key = number % 2 == 0 ? "a" : "b"
        try await limiter.withPermit(for: key) {
          running[key, default: 0] += 1
          most[key] = max(most[key] ?? 0, running[key] ?? 0)
          #expect(limiter.available(for: "c") == 2)
          try await sleep(for: .seconds(1))
          running[key, default: 0] -= 1
        }
      }
      #expect(most == ["a": 2, "b": 2])
      #expect(limiter.keyCount == 0)
      #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
    }
  }

  @Test func `waiters of a key are served in FIFO order, and a cancelled one takes nothing`() async throws {
    try await runOnLoop {
      let limiter = KeyedLimiter<Int>(limit: 1)
      #expect(limiter.tryAcquire(7))
      #expect(!limiter.tryAcquire(7))
      #expect(limiter.available(for: 7) == 0)
      var order: [Int] = []
      let tasks = spawn(over: 0..<4) { number in
        try await limiter.acquire(7)
        order.append(number)
        limiter.release(7)
      }
      await yield()
      tasks[1].cancel()
      await #expect(throws: CancellationError.self) { try await tasks[1].value }
      #expect(limiter.keyCount == 1)
      limiter.release(7)
      for task in [tasks[0], tasks[2], tasks[3]] { try await task.value }
      #expect(order == [0, 2, 3])
      #expect(limiter.keyCount == 0)
    }
  }

  @Test func `an error of the body gives the permit back`() async throws {
    try await runOnLoop {
      let limiter = KeyedLimiter<Int>(limit: 1)
      await #expect(throws: Broken(number: 1)) { try await limiter.withPermit(for: 1) { throw Broken(number: 1) } }
      #expect(limiter.keyCount == 0)
    }
  }

  @Test func `to release what was not taken traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { KeyedLimiter<Int>(limit: 1).release(1) }
    }
    #expect(names("released that was not taken", result))
  }

  @Test func `the limit of each key holds, and no key is left, under many orders`() async throws {
    try await runUnderSeeds(0..<100) { seed in
      var random = SeededGenerator(seed: seed)
      let limiter = KeyedLimiter<Int>(limit: 2)
      var running: [Int: Int] = [:]
      let plans = (0..<20).map { _ in (0..<4).map { _ in Int64.random(in: 0..<6, using: &random) } }
      let tasks = spawn(over: plans) { plan in
        let key = Int(plan[0] % 3)
        try await sleep(for: .nanoseconds(plan[1]))
        try await moveOn(after: .nanoseconds(plan[2] * 2)) {
          try await limiter.withPermit(for: key) {
            running[key, default: 0] += 1
            defer { running[key, default: 0] -= 1 }
            if running[key, default: 0] > 2 { throw Broken(number: key) }
            try await sleep(for: .nanoseconds(plan[3]))
          }
        }
      }
      for task in tasks { try await task.value }
      #expect(limiter.keyCount == 0)
    }
  }
}
