@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ThreadPoolTests {
  /// Waits on the kernel's clock until a pool has so many threads; gives up after 10,000 looks.
  private static func settle(_ pool: ThreadPool, at count: Int) async throws -> Bool {
    for _ in 0..<10_000 where pool.threadCount != count { try await sleep(for: .microseconds(500)) }
    return pool.threadCount == count
  }

  @Test func `queued calls are made first in, first out`() async throws {
    try await runOnLoop {
      let pool = ThreadPool(maximumThreads: 1, idleTime: .zero)
      let (gate, turn) = (Gate(), CallCounter())
      let blocking = spawn { try await offload(on: pool) { gate.wait() } }
      let calls = spawn(over: 0..<3000) { _ in try await offload(on: pool) { turn.add() } }
      await yield()
      gate.open()
      try await blocking.value
      var turns: [Int] = []
      for call in calls { turns.append(try await call.value) }
      #expect(turns == Array(1...3000))
    }
  }

  @Test(arguments: [1, 3, 8])
  func `there are never more threads than the bound, and as many if needed`(bound: Int) async throws {
    try await runOnLoop {
      let pool = ThreadPool(maximumThreads: bound, idleTime: .zero)
      let (gate, running, started) = (Gate(), CallCounter(), CallCounter())
      let allStarted = Gate()
      let calls = spawn(over: 0..<bound * 5) { _ in
        try await offload(on: pool) {
          let now = running.add()
          if started.add() == bound { allStarted.open() }
          gate.wait()
          running.add(-1)
          return now
        }
      }
      await yield()
      allStarted.wait()
      #expect(pool.threadCount == bound)
      #expect(started.value == bound)
      gate.open()
      var most = 0
      for call in calls { most = max(most, try await call.value) }
      #expect(most == bound)
      #expect(started.value == bound * 5)
    }
  }

  @Test func `a pool starts no thread before the first call`() {
    #expect(ThreadPool(maximumThreads: 4).threadCount == 0)
  }

  @Test func `idle threads go away, and come again`() async throws {
    try await runOnLoop(clock: .kernel) {
      let pool = ThreadPool(maximumThreads: 4, idleTime: .milliseconds(1))
      for _ in 0..<3 {
        _ = try await gather(over: 0..<16) { number in try await offload(on: pool) { number } }
        let isEmpty = try await ThreadPoolTests.settle(pool, at: 0)
        #expect(isEmpty)
      }
    }
  }

  @Test func `an idle thread takes call after call`() async throws {
    try await runOnLoop {
      // One that is not woken stays idle for long.
      let pool = ThreadPool(maximumThreads: 1, idleTime: .seconds(60))
      for number in 0..<1000 {
        let result = try await offload(on: pool) { number }
        #expect(result == number)
      }
      #expect(pool.threadCount == 1)
    }
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `a call that races with a thread's leaving is made`(seed: UInt64) async throws {
    try await runOnLoop(clock: .kernel) {
      var random = Shuffle(seed: seed)
      let idle = 20_000 as Int64
      let pool = ThreadPool(maximumThreads: 2, idleTime: .nanoseconds(idle))
      for round in 0..<300 {
        let count = Int.random(in: 1...3, using: &random)
        let results = try await gather(over: 0..<count) { number in
          try await offload(on: pool) { round + number }
        }
        #expect(results == (0..<count).map { round + $0 })
        // About as long as an idle thread stays.
        let pause = Int64.random(in: 0...2 * idle, using: &random)
        let end = Instant.measuringNow.nanoseconds + pause
        while Instant.measuringNow.nanoseconds < end {}
      }
    }
  }

  @Test func `thousands of calls from several loops at once all come back to their own`() async throws {
    let loops = ThreadPool(maximumThreads: 4, idleTime: .zero)
    let pool = ThreadPool(maximumThreads: 8, idleTime: .milliseconds(1))
    try await runOnLoop(clock: .kernel) {
      let sums = try await gather(over: 0..<4) { loop in
        try await offload(on: loops) {
          try runOnLoop(clock: .kernel) {
            try await gather(over: 0..<1000, limit: 100) { number in
              try await offload(on: pool) { loop * 1000 + number }
            }.reduce(0, +)
          }
        }
      }
      #expect(sums == (0..<4).map { loop in loop * 1_000_000 + 499_500 })
      #expect(pool.threadCount <= 8)
    }
  }

  @Test(arguments: [11, 12, 13, 14] as [UInt64])
  func `cancels that race with calls lose no call and make none twice`(seed: UInt64) async throws {
    try await runOnLoop(clock: .kernel) {
      var random = Shuffle(seed: seed)
      let pool = ThreadPool(maximumThreads: 2, idleTime: .zero)
      let made = CallCounter()
      var returned = 0
      var cancelled = 0
      let tasks = spawn(over: 0..<300) { _ in try await offload(on: pool) { _ = made.add() } }
      await yield()
      for task in tasks.shuffled(using: &random) where Bool.random(using: &random) { task.cancel() }
      for task in tasks {
        do {
          try await task.value
          returned += 1
        } catch is CancellationError {
          cancelled += 1
        }
      }
      #expect(returned + cancelled == 300)
      #expect(made.value == returned)
    }
  }

  @Test func `a run waits for a leftover call that is being made`() throws {
    let (gate, started, done) = (Gate(), Gate(), CallCounter())
    let loop = try EventLoop(clock: .virtual)
    try loop.run {
      spawn {
        try await offload {
          started.open()
          gate.wait()
          done.add()
        }
      }
      await yield()
      started.wait()
      // Opened by the loop itself, while it ends.
      loop.soon { LoopCore.current.soon { gate.open() } }
    }
    #expect(done.value == 1)
    #expect(loop.census == .empty)
  }

  @Test func `a call outlives its loop's run and comes back in the next one`() throws {
    let (gate, started) = (Gate(), Gate())
    let loop = try EventLoop(clock: .virtual)
    let task = try loop.run {
      // A plain task of the runtime: nobody waits for it at the run's end.
      let task = Task(executorPreference: loop.taskExecutor) {
        try await offload {
          started.open()
          gate.wait()
          return 6
        }
      }
      await yield()
      started.wait()
      return task
    }
    gate.open()
    let value = try loop.run { try await task.value }
    #expect(value == 6)
    #expect(loop.census == .empty)
  }

  @Test func `calls that the end of a run keeps from going out go out in the next one`() throws {
    let (gate, started) = (Gate(), Gate())
    let pool = ThreadPool(maximumThreads: 1, idleTime: .zero)
    let loop = try EventLoop(clock: .virtual)
    let tasks = try loop.run {
      // Plain tasks of the runtime: nobody waits for them at the run's end.
      let tasks = (0..<3).map { number in
        Task(executorPreference: loop.taskExecutor) {
          try await offload(on: pool) {
            started.open()
            gate.wait()
            return number
          }
        }
      }
      await yield()
      started.wait()
      return tasks
    }
    gate.open()
    let values = try loop.run { try await gather(over: tasks) { try await $0.value } }
    #expect(values == [0, 1, 2])
    #expect(loop.census == .empty)
  }

  @Test func `a pool without threads traps`() async {
    await #expect(processExitsWith: .failure) {
      _ = ThreadPool(maximumThreads: 0)
    }
  }
}
