@testable import EpollLoop
import EpollLoopTesting
import Testing

/// Loops beside each other, and other threads that talk to them.
@Suite struct RunThreadTests {
  @Test func `several loops run side by side, each with its own tasks and clock`() async throws {
    let pool = ThreadPool(maximumThreads: 4, idleTime: .zero)
    try await runOnLoop(clock: .kernel) {
      let sums = try await gather(over: 1...4) { number in
        try await offload(on: pool) { try RunThreadTests.sumOnALoopOfItsOwn(number) }
      }
      #expect(sums == [100, 200, 300, 400])
    }
  }

  private static func sumOnALoopOfItsOwn(_ number: Int) throws -> Int {
    try runOnLoop {
      var sum = 0
      _ = try await gather(over: 0..<100) { index in
        try await sleep(for: .seconds(100 - index))
        sum += number
      }
      #expect(EventLoop.current.now == Instant(nanoseconds: 100_000_000_000))
      return sum
    }
  }

  @Test func `another thread cancels a task through its handle`() async throws {
    try await runOnLoop {
      let task = spawn { try await waitForever() }
      await yield()
      try await offload { task.cancel() }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `cancelling from another thread after the run's end does nothing`() throws {
    let loop = try EventLoop(clock: .virtual)
    let task = try loop.run {
      let task = spawn { 5 }
      _ = try await task.value
      return task
    }
    task.cancel()
    #expect(loop.census == .empty)
  }

  @Test func `a handle is good for its own loop's thread only`() async {
    await #expect(processExitsWith: .failure) {
      try? await runOnLoop {
        let task = spawn { try await waitForever() }
        _ = try await offload { task.isDone }
      }
    }
  }

  @Test func `calls from another thread run on the loop, in the order of their submission`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let seen = LoopBound(Trace(), LoopCore.current)
      try await offload {
        for number in 0..<2000 { try loop.execute { seen.open("trace").numbers.append(number) } }
      }
      // The offload's own end came through the same inbox, after them.
      while seen.unchecked.numbers.count < 2000 { await yield() }
      #expect(seen.unchecked.numbers == Array(0..<2000))
    }
  }

  @Test func `a call from another thread wakes a loop that sleeps`() async throws {
    try await runOnLoop(clock: .kernel) {
      let loop = EventLoop.current
      let task = spawn { try await waitForever() }
      try ThreadPool.shared.submit {
        do {
          try loop.execute { task.cancel() }
        } catch {
          Issue.record(error)
        }
      }
      await #expect(throws: CancellationError.self) { try await task.value }
    }
  }

  @Test func `a call that is submitted before the run waits for it`() throws {
    let loop = try EventLoop(clock: .virtual)
    let count = CallCounter()
    try loop.execute { count.add() }
    #expect(count.value == 0)
    try loop.run {
      while count.value == 0 { await yield() }
    }
    #expect(count.value == 1)
  }

  @Test func `a call after the run's end is refused, and never made`() throws {
    let loop = try EventLoop(clock: .virtual)
    let count = CallCounter()
    try loop.run {}
    let refusal = #expect(throws: IOError.self) { try loop.execute { count.add() } }
    #expect(refusal?.operation == .execute)
    #expect(refusal?.reason == .canceled)
    try loop.run { for _ in 0..<10 { await yield() } }
    #expect(count.value == 0)
  }

  @Test func `during a second run calls are taken again`() throws {
    let loop = try EventLoop(clock: .virtual)
    let count = CallCounter()
    try loop.run {}
    try loop.run {
      try loop.execute { count.add() }
      while count.value == 0 { await yield() }
    }
    #expect(count.value == 1)
  }
}

/// Numbers in the order in which a loop has seen them.
private final class Trace {
  var numbers: [Int] = []
}
