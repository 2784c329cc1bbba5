import EpollLoopTesting
import Testing

@testable import EpollLoop

/// What the fixture of tests finds when a body has ended.
@Suite struct LeftoversTests {
  /// Loops with a task that never ends, which would count as leaked.
  private static let kept = Mailbox<EventLoop>()

  private static func leftovers(of body: @escaping () async throws -> Void) async -> Leftovers? {
    await #expect(throws: Leftovers.self) { try await runOnLoop(body) }
  }

  @Test func `a task that nobody awaited is left over, and is named`() async throws {
    let left = try #require(
      await LeftoversTests.leftovers {
        spawn(name: "reader") { try await sleep(for: .seconds(3)) }
        spawn {}
        await yield()
        spawn(name: "last") {}
      })
    #expect(left.tasks.map(\.name) == ["reader", "last"])
    #expect(left.census == .empty)
    #expect(left.description.hasPrefix("left over: 2 tasks that run\n  task 2 'reader' (EpollLoopTests/Leftovers"))
    #expect(left.description.hasSuffix(", starting"))
  }

  @Test func `callbacks that are pending are left over`() async throws {
    let left = try #require(
      await LeftoversTests.leftovers {
        EventLoop.current.schedule(after: .seconds(1)) {}
        EventLoop.current.schedule(every: .seconds(1)) {}
        EventLoop.current.schedule(after: .seconds(1)) {}.cancel()
      })
    #expect(left.callbacks == 2)
    #expect(left.description == "left over: 2 pending callbacks")
  }

  @Test func `a wait that is none of the library's tasks is left over`() async throws {
    let left = try #require(
      await LeftoversTests.leftovers {
        LeftoversTests.kept.put(EventLoop.current)
        Task(executorPreference: EventLoop.current.taskExecutor) { try await sleep(for: .seconds(1)) }
        await yield()
      })
    #expect(left.tasks.isEmpty)
    #expect(left.census == LoopCensus(tasks: 0, waiters: 1, timers: 1, registrations: 0))
    #expect(left.description == "left over: 1 waiters, 1 timers")
  }

  @Test func `a watch that is not cancelled is left over`() async throws {
    let pipe = Pipe()
    let left = try #require(
      await LeftoversTests.leftovers { _ = try EventLoop.current.watch(pipe.reading, onReadable: {}) })
    #expect(left.callbacks == 1)
  }

  @Test func `what a cancelled task has started and timed is not, nor a callback that was taken back`() async throws {
    try await runOnLoop {
      let task = spawn {
        try await withTimeout(.seconds(1)) {
          _ = try await gather(over: 0..<3) { _ in try await sleep(for: .seconds(1)) }
        }
      }
      await yield()
      EventLoop.current.soon {}.cancel()
      task.cancel()
    }
  }

  @Test func `what has been cancelled is not, and what the run may end`() async throws {
    try await runOnLoop {
      let task = spawn { try await sleep(for: .seconds(1)) }
      await yield()
      task.cancel()
    }
    try await runOnLoop(endsLeftovers: true) {
      spawn { try await sleep(for: .seconds(1)) }
      EventLoop.current.schedule(every: .seconds(1)) {}
    }
  }
}
