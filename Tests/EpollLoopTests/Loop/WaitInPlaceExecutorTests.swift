@testable import EpollLoop
import EpollLoopTesting
import Testing

/// A task that holds an actor, or runs under somebody else's executor, suspends when it waits: others may wait for
/// just that.
@Suite struct WaitInPlaceExecutorTests {
  @Test(arguments: [false, true])
  func `an actor is free although the code that waits in it does not know of it`(startsThere: Bool) async throws {
    try await runOnLoop(clock: .kernel) {
      let (core, loop, desk) = (LoopCore.current, EventLoop.current, Desk())
      let queue = LoopBound(WaitQueue(core), core)
      let wake = try await spawn {
        // Swift 6.3 calls it without leaving the actor when it is converted to a concurrent one.
        let body: nonisolated(nonsending) @Sendable () async -> Wake = {
          Task.detached {
            await desk.visit()
            try loop.execute { queue.open("test").wakeFirst() }
          }
          return await queue.core.park(for: "test") { queue.unchecked.append($0) }
        }
        return startsThere ? try await desk.start(body) : await desk.call(body)
      }.value
      #expect(wake == .ready)
    }
  }

  @Test func `an actor is free while a sleep that was passed as a function lasts`() async throws {
    try await runOnLoop {
      let (desk, log) = (Desk(), Log())
      let nap: @concurrent @Sendable (Duration) async throws -> Void = sleep(for:)
      let sleeper = spawn { try await desk.nap(nap, log) }
      while log.continuation == nil { await yield() }
      let visitor = spawn {
        await desk.visit()
        return EventLoop.current.now
      }
      log.continuation?.resume()
      try await sleeper.value
      #expect(try await visitor.value == Instant(nanoseconds: 0))
    }
  }

  @Test(arguments: [1, 2])
  func `an executor that runs jobs in a callback, one after the other, runs the next`(sleeps: Int) async throws {
    try await runOnLoop {
      let (log, executor) = (Log(), InCallback(EventLoop.current))
      func start(_ name: String, isolation: isolated (any Actor)? = #isolation) -> TaskHandle<Void> {
        spawn {
          try await withTaskExecutorPreference(executor) {
            for turn in 1...sleeps {
              try await sleep(for: .seconds(1))
              log.note("\(name)\(turn)")
            }
          }
        }
      }
      let (one, other) = (start("a"), start("b"))
      try await one.value
      try await other.value
      #expect(log.steps == (1...sleeps).flatMap { ["a\($0) at \($0)", "b\($0) at \($0)"] })
    }
  }

  @Test(arguments: [0, 1])
  func `an executor that runs at once, and then what has come meanwhile, runs the next`(sleeps: Int) async throws {
    try await runOnLoop {
      let (log, executor) = (Log(), InTurn())
      let resumed = spawn {
        await withTaskExecutorPreference(executor) {
          await withUnsafeContinuation { log.continuation = $0 }
          log.note("resumed")
        }
      }
      while log.continuation == nil { await yield() }
      let resumer = spawn {
        try await withTaskExecutorPreference(executor) {
          for _ in 0..<sleeps { try await sleep(for: .seconds(1)) }
          log.continuation?.resume()
          try await sleep(for: .seconds(10))
          log.note("resumer")
        }
      }
      try await resumer.value
      try await resumed.value
      #expect(log.steps == ["resumed at \(sleeps)", "resumer at \(sleeps + 10)"])
    }
  }
}

private actor Desk {
  private(set) var visits = 0

  func visit() {
    visits += 1
  }

  func call(_ body: nonisolated(nonsending) @escaping @Sendable () async -> Wake) async -> Wake {
    try? await sleep(for: .milliseconds(1))
    return await callConcurrently(body)
  }

  private func callConcurrently(_ body: @concurrent @Sendable () async -> Wake) async -> Wake { await body() }

  func start(_ body: @concurrent @escaping @Sendable () async -> Wake) async throws -> Wake {
    try await spawn {
      try await sleep(for: .milliseconds(1))
      self.visits += 1
      return await body()
    }.value
  }

  func nap(_ wait: @concurrent @Sendable (Duration) async throws -> Void, _ log: Log) async throws {
    await withUnsafeContinuation { log.continuation = $0 }
    try await sleep(for: .seconds(1))
    try await wait(.seconds(1))
  }
}

/// Runs what has come up by then in one callback of a loop.
// SAFETY: only tasks of one loop touch it.
private final class InCallback: TaskExecutor, @unchecked Sendable {
  private let loop: EventLoop
  private var jobs: [UnownedJob] = []
  private var isScheduled = false

  init(_ loop: EventLoop) {
    self.loop = loop
  }

  func enqueue(_ job: consuming ExecutorJob) {
    jobs.append(UnownedJob(job))
    guard !isScheduled else { return }
    isScheduled = true
    loop.bound.unchecked.soon { [self] in
      isScheduled = false
      while !jobs.isEmpty { jobs.removeFirst().runSynchronously(on: asUnownedTaskExecutor()) }
    }
  }
}

/// Runs a job on the stack of whoever hands it over, and after it those that have come meanwhile.
// SAFETY: only tasks of one loop touch it.
private final class InTurn: TaskExecutor, @unchecked Sendable {
  private var jobs: [UnownedJob] = []
  private var isRunning = false

  func enqueue(_ job: consuming ExecutorJob) {
    jobs.append(UnownedJob(job))
    guard !isRunning else { return }
    isRunning = true
    while !jobs.isEmpty { jobs.removeFirst().runSynchronously(on: asUnownedTaskExecutor()) }
    isRunning = false
  }
}

// SAFETY: only tasks of one loop touch it.
private final class Log: @unchecked Sendable {
  private(set) var steps: [String] = []
  var continuation: UnsafeContinuation<Void, Never>?

  func note(_ step: String) {
    steps.append("\(step) at \(EventLoop.current.now.nanoseconds / 1_000_000_000)")
  }
}
