import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

/// How the fixture of tests ends a test that cannot end by itself, or whose errors would be lost.
@Suite struct StuckTests {
  /// Loops with a task that never ends, which would count as leaked.
  private static let kept = Mailbox<EventLoop>()

  @Test func `tasks that wait for each other are listed with what they wait for`() async throws {
    let error = await #expect(throws: StuckError.self) {
      try await runOnLoop {
        let (one, other) = (Event(), Event())
        let task = spawn(name: "other") {
          try await other.wait()
          one.set()
        }
        try await one.wait()
        other.set()
        try await task.value
      }
    }
    #expect(error?.tasks.map(\.name) == ["main", "other"])
    #expect(error?.description.contains("waiting for") == true)
  }

  @Test(arguments: [EventLoop.Clock.kernel, .virtual])
  func `a run that exceeds its time limit is ended`(clock: EventLoop.Clock) async throws {
    let pipe = Pipe()
    let error = await #expect(throws: StuckError.self) {
      try await runOnLoop(clock: clock, timeLimit: .milliseconds(20)) {
        let event = Event()
        let watch = try EventLoop.current.watch(pipe.reading, onReadable: { event.set() })
        defer { watch.cancel() }
        try await event.wait()
      }
    }
    #expect(error?.timeLimit == .milliseconds(20))
    #expect(error?.tasks.map(\.name) == ["main"])
  }

  @Test func `a task that waits through its cancellation is left where it is`() async throws {
    await #expect(throws: StuckError.self) {
      try await runOnLoop {
        StuckTests.kept.put(EventLoop.current)
        let core = LoopCore.current
        _ = await core.parkThroughCancellation(for: "test") { _ in }
      }
    }
  }

  @Test func `a wait for a descriptor, a call or another thread's continuation is not stuck`() async throws {
    try await runOnLoop {
      let pipe = Pipe()
      let event = Event()
      let watch = try EventLoop.current.watch(
        pipe.reading,
        onReadable: {
          pipe.take()
          event.set()
        })
      let writing = pipe.writing
      try await offload { _ = write(writing, "x", 1) }
      try await event.wait()
      watch.cancel()
      await withCheckedContinuation { next in Task.detached { next.resume() } }
    }
  }

  @Test func `a task that awaits its own value gets an error`() async throws {
    try await runOnLoop {
      var own: TaskHandle<Void>?
      let task = spawn(name: "narcissus") { if let own { try await own.value } }
      own = task
      let error = await errorOf { try await task.value }
      #expect((error as? DeadlockError)?.task.hasPrefix("task 'narcissus' (EpollLoopTests/StuckTests.swift:") == true)
      own = nil
    }
  }

  @Test func `an error that is not awaited fails the test, unless that is allowed`() async throws {
    let error = await #expect(throws: UnawaitedError.self) {
      try await runOnLoop {
        spawn(name: "failing") { throw Broken(number: 7) }
        await yield()
      }
    }
    #expect(error?.failures.first?.error as? Broken == Broken(number: 7))
    #expect(error?.description.hasPrefix("task 'failing'") == true)
  }
}
