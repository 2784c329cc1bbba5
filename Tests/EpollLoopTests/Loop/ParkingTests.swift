import EpollLoopTesting
import Testing

@testable import EpollLoop

/// That every kind of task can park, is woken once, and can be cancelled while it is parked.
///
/// Parking rests on how Swift's runtime hops between executors: what breaks here breaks with a compiler.
@Suite struct ParkingTests {
  private actor Place {
    var steps: [String] = []

    func wait(_ queue: LoopBound<WaitQueue>) async -> Wake {
      steps.append("parks")
      let wake = await queue.core.park(for: "test") { queue.open("append").append($0) }
      // Still in the actor: this is its state.
      steps.append("\(wake)")
      return wake
    }
  }

  /// Runs a task that parks in a queue, and wakes or cancels it; what it was woken with.
  private func wakes(
    _ start: @escaping (LoopBound<WaitQueue>, LoopCore) async throws -> Wake
  ) async throws -> [Wake] {
    try await runOnLoop {
      let core = LoopCore.current
      var wakes: [Wake] = []
      for cancels in [false, true] {
        let queue = LoopBound(WaitQueue(core), core)
        let task = spawn { wakes.append(try await start(queue, core)) }
        while queue.unchecked.isEmpty { await yield() }
        if cancels { task.cancel() } else { queue.unchecked.wakeFirst() }
        try await task.value
        #expect(queue.unchecked.isEmpty)
        #expect(core.isCurrent)
      }
      return wakes
    }
  }

  @Test func `a nonisolated task`() async throws {
    await #expect(
      try wakes { queue, core in await core.park(for: "test") { queue.unchecked.append($0) } } == [.ready, .cancelled])
  }

  @Test func `a task in an actor, which is in it afterwards too`() async throws {
    let wakes = try await wakes { queue, _ in
      let place = Place()
      let wake = await place.wait(queue)
      let steps = await place.steps
      #expect(steps == ["parks", "\(wake)"])
      return wake
    }
    #expect(wakes == [.ready, .cancelled])
  }

  @Test func `a child of a task group`() async throws {
    await #expect(
      try wakes { queue, _ in
        await withTaskGroup(of: Wake.self) { group in
          group.addTask { await queue.core.park(for: "test") { queue.unchecked.append($0) } }
          return await group.next() ?? .closed
        }
      } == [.ready, .cancelled])
  }

  @Test func `an async let`() async throws {
    await #expect(
      try wakes { queue, _ in
        async let wake = queue.core.park(for: "test") { queue.unchecked.append($0) }
        return await wake
      } == [.ready, .cancelled])
  }

  @Test func `an immediate task with the loop as its preference`() async throws {
    await #expect(
      try wakes { queue, core in
        let task = Task.immediate(executorPreference: core.face.taskExecutor) {
          await queue.core.park(for: "test") { queue.unchecked.append($0) }
        }
        return await withTaskCancellationHandler {
          await task.value
        } onCancel: {
          task.cancel()
        }
      } == [.ready, .cancelled])
  }

  @Test func `a plain task with the loop as its preference`() async throws {
    await #expect(
      try wakes { queue, core in
        let task = Task(executorPreference: core.face.taskExecutor) {
          await queue.core.park(for: "test") { queue.unchecked.append($0) }
        }
        return await withTaskCancellationHandler {
          await task.value
        } onCancel: {
          task.cancel()
        }
      } == [.ready, .cancelled])
  }

  @Test func `a task that is cancelled already does not park`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      var placed = 0
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        return await core.park(for: "test") { _ in placed += 1 }
      }
      let wake = try await task.value
      #expect(wake == .cancelled)
      #expect(placed == 0)
    }
  }

  @Test func `a cancel in the turn of the wake comes too late`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let queue = WaitQueue(core)
      let task = spawn { await core.park(for: "test") { queue.append($0) } }
      await yield()
      queue.wakeFirst()
      task.cancel()
      let wake = try await task.value
      #expect(wake == .ready)
    }
  }

  @Test func `a wait through cancellation is woken by its reason alone`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let queue = WaitQueue(core)
      let task = spawn { await core.parkThroughCancellation(for: "test") { queue.append($0) } }
      await yield()
      task.cancel()
      await yield()
      #expect(!queue.isEmpty)
      queue.wakeFirst()
      let wake = try await task.value
      #expect(wake == .ready)
    }
  }

  @Test func `many children of a group park and are woken in any order`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let queue = LoopBound(WaitQueue(core), core)
      let sum = await withTaskGroup(of: Int.self) { group in
        for number in 0..<200 {
          group.addTask {
            _ = await queue.core.park(for: "test") { queue.unchecked.append($0) }
            return number
          }
        }
        group.addTask {
          for _ in 0..<200 {
            while queue.unchecked.isEmpty { await yield() }
            queue.unchecked.wakeFirst()
          }
          return 0
        }
        return await group.reduce(0, +)
      }
      #expect(sum == 199 * 100)
    }
  }

  @Test func `a child that another thread cancels wakes on its loop`() async throws {
    try await runOnLoop(clock: .kernel) {
      let core = LoopCore.current
      let queue = LoopBound(WaitQueue(core), core)
      let task = Task(executorPreference: core.face.taskExecutor) {
        await withTaskGroup(of: (Wake, Bool).self) { group in
          group.addTask { (await queue.core.park(for: "test") { queue.unchecked.append($0) }, queue.core.isCurrent) }
          return await group.next() ?? (.closed, false)
        }
      }
      while queue.unchecked.isEmpty { await yield() }
      try Thread.start(named: "canceller") { task.cancel() }
      while !queue.unchecked.isEmpty { try await sleep(for: .microseconds(50)) }
      let (wake, isHere) = await task.value
      #expect(wake == .cancelled)
      #expect(isHere)
    }
  }
}
