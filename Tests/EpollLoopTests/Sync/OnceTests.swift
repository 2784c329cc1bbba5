@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct OnceTests {
  @Test func `concurrent callers wait for the one that runs, and get its value`() async throws {
    try await runOnLoop {
      let once = Once<Int>()
      #expect(once.value == nil)
      var calls = 0
      let values = try await gather(over: 0..<5) { number in
        try await once.get {
          calls += 1
          try await sleep(for: .seconds(1))
          return number
        }
      }
      #expect(values == [0, 0, 0, 0, 0])
      #expect(calls == 1)
      #expect(once.value == 0)
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
    }
  }

  @Test func `a failed initialisation throws to its caller, and the next waiter tries`() async throws {
    try await runOnLoop {
      let once = Once<Int>()
      let results = await gatherSettled(over: 0..<4) { number in
        try await once.get {
          await yield()
          if number < 2 { throw Broken(number: number) }
          return number
        }
      }
      #expect(throws: Broken(number: 0)) { try results[0].get() }
      #expect(throws: Broken(number: 1)) { try results[1].get() }
      let values = try results[2...].map { try $0.get() }
      #expect(values == [2, 2])
    }
  }

  @Test func `a failed initialisation without waiters can be tried again`() async throws {
    try await runOnLoop {
      let once = Once<Int>()
      await #expect(throws: Broken(number: 1)) { try await once.get { throw Broken(number: 1) } }
      #expect(once.value == nil)
      let value = try await once.get { 3 }
      #expect(value == 3)
    }
  }

  @Test func `a cancelled initialisation hands its turn on, and a cancelled waiter leaves`() async throws {
    try await runOnLoop {
      let once = Once<String>()
      let tasks = spawn(over: ["first", "second", "third"]) { name in
        try await once.get {
          try await sleep(for: .seconds(1))
          return name
        }
      }
      await yield()
      tasks[0].cancel()
      tasks[1].cancel()
      for task in tasks[..<2] { await #expect(throws: CancellationError.self) { try await task.value } }
      let value = try await tasks[2].value
      #expect(value == "third")
    }
  }

  @Test func `a caller that comes during the next attempt waits for that one`() async throws {
    try await runOnLoop {
      let once = Once<Int>()
      let tasks = spawn(over: 0..<2) { number in
        try await once.get {
          try await sleep(for: .seconds(1))
          if number == 0 { throw Broken(number: 0) }
          return number
        }
      }
      try await sleep(for: .milliseconds(1500))
      let value = try await once.get { 3 }
      #expect(value == 1)
      await #expect(throws: Broken(number: 0)) { try await tasks[0].value }
      let other = try await tasks[1].value
      #expect(other == 1)
    }
  }

  @Test func `to get the value in its own initialisation traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let once = Once<Int>()
        _ = try await once.get { try await once.get { 1 } }
      }
    }
    #expect(names("it would wait for itself forever", result))
  }

  @Test func `one initialisation runs at a time, and one succeeds, under many orders`() async throws {
    try await runUnderSeeds(0..<200) { seed in
      var random = SeededGenerator(seed: seed)
      let once = Once<Int>()
      var (running, made) = (0, 0)
      let plans = (0..<8).map { number in
        (
          number, Int64.random(in: 0..<5, using: &random), Int64.random(in: 0..<9, using: &random),
          Bool.random(using: &random)
        )
      }
      let tasks = spawn(over: plans) { number, pause, patience, fails in
        try await sleep(for: .nanoseconds(number))
        return try await moveOn(after: .nanoseconds(patience)) {
          try await once.get {
            running += 1
            defer { running -= 1 }
            if running > 1 { throw Broken(number: -1) }
            try await sleep(for: .nanoseconds(pause))
            if fails { throw Broken(number: number) }
            made += 1
            return number
          }
        }
      }
      for (number, task) in tasks.enumerated() {
        do {
          if let value = try await task.value { #expect(value == once.value) }
        } catch let error as Broken {
          #expect(error.number == number)
        }
      }
      #expect(made == (once.value == nil ? 0 : 1))
    }
  }
}
