import EpollLoopTesting
import Testing

@testable import EpollLoop

/// Where `@TaskLocal` values reach.
@Suite struct TaskLocalTests {
  @TaskLocal private static var request = 0
  @TaskLocal private static var user = "nobody"

  @Test func `task-local values reach an offloaded call`() async throws {
    try await runOnLoop {
      let value = try await TaskLocalTests.$request.withValue(7) {
        try await TaskLocalTests.$user.withValue("ann") {
          try await offload { "\(TaskLocalTests.request) \(TaskLocalTests.user)" }
        }
      }
      #expect(value == "7 ann")
      let after = try await offload { "\(TaskLocalTests.request) \(TaskLocalTests.user)" }
      #expect(after == "0 nobody")
    }
  }

  @Test func `values that a task has inherited reach its offloaded calls too`() async throws {
    try await runOnLoop { loop in
      let tasks = TaskLocalTests.$request.withValue(3) {
        _ = loop
        return [spawn { try await offload { TaskLocalTests.request } }, spawn { TaskLocalTests.request }]
      }
      for task in tasks { #expect(try await task.value == 3) }
      try await TaskLocalTests.$request.withValue(4) {
        async let child = offload { TaskLocalTests.request }
        let (seen, gathered) = (try await child, try await gather({ try await offload { TaskLocalTests.request } }))
        #expect(seen == 4)
        #expect(gathered == 4)
      }
    }
  }

  @Test func `a call may bind values of its own, and throw`() async throws {
    try await runOnLoop {
      try await TaskLocalTests.$request.withValue(7) {
        let value = try await offload {
          TaskLocalTests.$request.withValue(8) { TaskLocalTests.request } * 100 + TaskLocalTests.request
        }
        #expect(value == 807)
        await #expect(throws: Broken(number: 7)) { try await offload { throw Broken(number: TaskLocalTests.request) } }
        #expect(TaskLocalTests.request == 7)
      }
    }
  }

  @Test func `a call with task-local values runs on a thread of the pool, and the task goes on on its loop`()
    async throws
  {
    try await runOnLoop {
      let core = LoopBound((), LoopCore.current)
      try await TaskLocalTests.$request.withValue(7) {
        let wasOnLoop = try await offload { core.core.isCurrent }
        #expect(!wasOnLoop)
        #expect(core.core.isCurrent)
        let measured = try await offloadMeasured { TaskLocalTests.request }
        #expect(measured.value == 7)
      }
    }
  }

  @Test func `many calls at once have each its own values`() async throws {
    try await runOnLoop {
      let values = try await gather(over: 0..<500) { number in
        try await TaskLocalTests.$request.withValue(number) { try await offload { TaskLocalTests.request } }
      }
      #expect(values == Array(0..<500))
    }
  }

  @Test func `a withdrawn call with task-local values is never made, and releases what it holds`() async throws {
    try await runOnLoop { loop in
      let pool = ThreadPool(maximumThreads: 1, idleTime: .zero)
      let (gate, calls) = (Gate(), CallCounter())
      weak var held: CallCounter?
      let first = spawn { try await offload(on: pool) { gate.wait() } }
      let second = TaskLocalTests.$request.withValue(7) {
        _ = loop
        let counter = CallCounter()
        held = counter
        return spawn {
          try await offload(on: pool) {
            _ = counter.add()
            _ = calls.add()
          }
        }
      }
      await yield()
      second.cancel()
      await #expect(throws: CancellationError.self) { try await second.value }
      #expect(held == nil)
      gate.open()
      try await first.value
      try await offload(on: pool) {}
      #expect(calls.value == 0)
    }
  }

  @Test func `whether a task has values is known`() async throws {
    // A test has values of the test library's.
    try await Task.detached { try await Self.seesWhetherATaskHasValues() }.value
  }

  private static func seesWhetherATaskHasValues() async throws {
    try await runOnLoop { loop in
      #expect(!RunningTask.hasLocalValues)
      TaskLocalTests.$request.withValue(7) { #expect(RunningTask.hasLocalValues) }
      #expect(!RunningTask.hasLocalValues)
      let inherited = TaskLocalTests.$request.withValue(7) {
        _ = loop
        return spawn { RunningTask.hasLocalValues }
      }
      let bare = spawn { RunningTask.hasLocalValues }
      let (hasInherited, hasBare) = (try await inherited.value, try await bare.value)
      #expect(hasInherited)
      #expect(!hasBare)
    }
  }

  @Test func `callbacks run outside of tasks, and see no task-local value`() async throws {
    try await runOnLoop { actor in
      let loop = EventLoop.current
      var values: [Int] = []
      TaskLocalTests.$request.withValue(7) {
        _ = actor
        loop.soon { values.append(TaskLocalTests.request) }
        loop.schedule(after: .seconds(1)) { values.append(TaskLocalTests.request) }
      }
      try await sleep(for: .seconds(2))
      #expect(values == [0, 0])
    }
  }
}
