@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct PromiseTests {
  @Test func `all waiters get the value, in FIFO order, and not on the stack of set`() async throws {
    try await runOnLoop {
      let promise = Promise<Int>()
      var order: [Int] = []
      let tasks = spawn(over: 0..<4) { number in
        let value = try await promise.future.value
        order.append(number)
        return value
      }
      await yield()
      #expect(!promise.isSet)
      promise.set(7)
      #expect(promise.isSet)
      #expect(order == [])
      for task in tasks {
        let value = try await task.value
        #expect(value == 7)
      }
      #expect(order == [0, 1, 2, 3])
    }
  }

  @Test func `a value that is there is not waited for, by a cancelled task neither`() async throws {
    try await runOnLoop {
      let promise = Promise<String>()
      #expect(promise.future.result == nil)
      promise.set("there")
      let turns = EventLoop.current.statistics.turns
      let value = try await promise.future.value
      #expect(value == "there")
      #expect(EventLoop.current.statistics.turns == turns)
      #expect(promise.future.isDone)
      let task = spawn {
        try? await waitForever()
        return try await promise.future.value
      }
      await yield()
      task.cancel()
      let late = try await task.value
      #expect(late == "there")
    }
  }

  @Test func `the first outcome counts`() async throws {
    try await runOnLoop {
      let promise = Promise<Int>()
      #expect(promise.trySet(1))
      #expect(!promise.trySet(2))
      #expect(!promise.tryFail(Broken(number: 1)))
      #expect(!promise.cancel())
      let value = try await promise.future.value
      #expect(value == 1)
    }
  }

  @Test func `a failed promise throws its error at each waiter, and a cancelled one CancellationError`() async throws {
    try await runOnLoop {
      let (failed, cancelled) = (Promise<Int>(), Promise<Int>())
      let tasks = spawn(over: 0..<3) { _ in try await failed.future.value }
      let last = spawn { try await cancelled.future.value }
      await yield()
      failed.fail(Broken(number: 3))
      #expect(cancelled.cancel())
      for task in tasks { await #expect(throws: Broken(number: 3)) { try await task.value } }
      await #expect(throws: CancellationError.self) { try await last.value }
    }
  }

  @Test func `a promise that is dropped breaks, and one that is set does not`() async throws {
    try await runOnLoop {
      var promises: [Promise<Int>] = [Promise(), Promise()]
      let (future, other) = (promises[0].future, promises[1].future)
      promises[1].set(5)
      let task = spawn { try await future.value }
      await yield()
      promises = []
      await #expect(throws: BrokenPromiseError()) { try await task.value }
      await #expect(throws: BrokenPromiseError()) { try await future.value }
      let value = try await other.value
      #expect(value == 5)
    }
  }

  @Test func `a cancelled waiter leaves at once, and the others stay in their order`() async throws {
    try await runOnLoop {
      for cancelled in 0..<4 {
        let promise = Promise<Int>()
        var order: [Int] = []
        let tasks = spawn(over: 0..<4) { number in
          _ = try await promise.future.value
          order.append(number)
        }
        await yield()
        tasks[cancelled].cancel()
        let late = spawn {
          _ = try await promise.future.value
          order.append(4)
        }
        await #expect(throws: CancellationError.self) { try await tasks[cancelled].value }
        await yield()
        promise.set(1)
        try await late.value
        #expect(order == (0..<5).filter { $0 != cancelled })
      }
    }
  }

  @Test func `a cancel after the outcome comes too late`() async throws {
    try await runOnLoop {
      let promise = Promise<Int>()
      let task = spawn { try await promise.future.value }
      await yield()
      promise.set(4)
      task.cancel()
      let value = try await task.value
      #expect(value == 4)
    }
  }

  @Test func `a timeout ends the wait, and the promise goes on`() async throws {
    try await runOnLoop {
      let promise = Promise<Int>()
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) { try await promise.future.value }
      }
      EventLoop.current.schedule(after: .seconds(1)) { promise.set(9) }
      let value = try await promise.future.value
      #expect(value == 9)
    }
  }

  @Test func `another thread sets it and fails it`() async throws {
    try await runOnLoop {
      for round in 0..<50 {
        let (set, failed) = (Promise<Int>(), Promise<Int>())
        let work = spawn {
          try await offload {
            set.set(round)
            failed.fail(Broken(number: round))
            return set.trySet(-1)
          }
        }
        let value = try await set.future.value
        #expect(value == round)
        await #expect(throws: Broken(number: round)) { try await failed.future.value }
        let hasSet = try await work.value
        #expect(!hasSet)
      }
    }
  }

  @Test func `a promise whose last reference goes on another thread breaks`() async throws {
    try await runOnLoop {
      for _ in 0..<50 {
        let box = Emptied(Promise<Int>())
        let future = try #require(box.future)
        let work = spawn { try await offload { box.empty() } }
        await #expect(throws: BrokenPromiseError()) { try await future.value }
        try await work.value
      }
    }
  }

  @Test func `of several threads that set it one wins`() async throws {
    try await runOnLoop {
      for _ in 0..<50 {
        let promise = Promise<Int>()
        let wins = try await gather(over: 0..<4) { number in try await offload { promise.trySet(number) ? number : -1 }
        }
        let winners = wins.filter { $0 >= 0 }
        #expect(winners.count == 1)
        let value = try await promise.future.value
        #expect(value == winners[0])
      }
    }
  }

  @Test func `an outcome that comes between two runs arrives in the later one`() throws {
    let loop = try EventLoop(clock: .virtual)
    let promise = try loop.run { Promise<Int>() }
    #expect(promise.trySet(6))
    let value = try loop.run { try await promise.future.value }
    #expect(value == 6)
  }

  @Test func `an error that nothing awaits is reported, and a broken promise and a cancelled one are not`() async throws
  {
    try await runOnLoop {
      do {
        let (broken, cancelled, seen) = (Promise<Int>(), Promise<Int>(), Promise<Int>())
        cancelled.cancel()
        seen.fail(Broken(number: 1))
        _ = broken
        _ = seen.future.result
      }
    }
    await #expect(throws: UnawaitedError.self) {
      try await runOnLoop { Promise<Int>().fail(Broken(number: 2)) }
    }
  }

  @Test func `to set it twice traps and names the cure`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let promise = Promise<Int>()
        promise.set(1)
        promise.set(2)
      }
    }
    #expect(names("call trySet to allow for that", result))
  }

  @Test func `setters and waiters that come and go at random, under many orders`() async throws {
    try await runUnderSeeds(0..<200) { seed in
      var random = SeededGenerator(seed: seed)
      let promise = Promise<Int>()
      let settling = Int64.random(in: 0..<5, using: &random)
      let times = (0..<8).map { _ in (Int64.random(in: 0..<5, using: &random), Int64.random(in: 0..<5, using: &random))
      }
      let waiters = spawn(over: times) { start, patience in
        try await sleep(for: .nanoseconds(start))
        return try await moveOn(after: .nanoseconds(patience)) { try await promise.future.value }
      }
      let setters = spawn(over: 0..<2) { number in
        try await sleep(for: .nanoseconds(settling))
        return promise.trySet(number)
      }
      let won = try await setters[1].value
      let other = try await setters[0].value
      #expect(other != won)
      for (waiter, (start, patience)) in zip(waiters, times) {
        let value = try await waiter.value
        if start + patience > settling { #expect(value == (won ? 1 : 0)) }
        if start + patience < settling { #expect(value == nil) }
      }
    }
  }
}

/// A promise that another thread drops.
// SAFETY: each instance is emptied by one thread, and not used elsewhere from the moment that thread has it.
private final class Emptied<Success>: @unchecked Sendable {
  private var promise: Promise<Success>?

  init(_ promise: Promise<Success>) {
    self.promise = promise
  }

  var future: Future<Success>? { promise?.future }

  func empty() {
    promise = nil
  }
}
