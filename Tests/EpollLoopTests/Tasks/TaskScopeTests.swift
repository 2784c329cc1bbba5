import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct TaskScopeTests {
  @Test func `a scope returns its body's value when all its tasks have ended`() async throws {
    try await runOnLoop {
      var ended: [Int] = []
      let value = try await withTaskScope { scope in
        for number in 1...3 {
          scope.spawn {
            try await sleep(for: .seconds(number))
            ended.append(number)
          }
        }
        return "value"
      }
      #expect(value == "value")
      #expect(ended == [1, 2, 3])
      #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
    }
  }

  @Test func `a handle gives its task's value inside the scope and after it`() async throws {
    try await runOnLoop {
      let task = try await withTaskScope { scope in
        let task = scope.spawn(name: "answer") { 42 }
        let value = try await task.value
        #expect(value == 42)
        return task
      }
      #expect(task.name == "answer")
      let value = try await task.value
      #expect(value == 42)
    }
  }

  @Test func `the first error of a task cancels the others and the body, and is thrown when all have ended`()
    async throws
  {
    try await runOnLoop {
      var ended: [String] = []
      await #expect(throws: Broken(number: 1)) {
        try await withTaskScope { scope in
          defer { ended.append("body") }
          scope.spawn {
            try await sleep(for: .seconds(1))
            throw Broken(number: 1)
          }
          scope.spawn {
            do { try await waitForever() } catch {
              for _ in 0..<5 { await yield() }
              ended.append("sibling")
              throw error
            }
          }
          try await waitForever()
        }
      }
      #expect(ended == ["body", "sibling"])
      #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
      #expect(!Task.isCancelled)
    }
  }

  @Test func `an error of the body cancels the tasks, and is thrown when they have ended`() async throws {
    try await runOnLoop {
      var hasEnded = false
      await #expect(throws: Broken()) {
        try await withTaskScope { scope in
          scope.spawn {
            do { try await waitForever() } catch {
              for _ in 0..<5 { await yield() }
              hasEnded = true
            }
          }
          await yield()
          throw Broken()
        }
      }
      #expect(hasEnded)
    }
  }

  @Test func `a task's error counts also if somebody has caught it from the handle`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: Broken(number: 7)) {
        try await withTaskScope { scope in
          let task = scope.spawn { throw Broken(number: 7) }
          let error = await errorOf { try await task.value }
          #expect(error as? Broken == Broken(number: 7))
        }
      }
    }
  }

  @Test func `no task starts after a failure, neither a waiting one nor a new one`() async throws {
    try await runOnLoop {
      var started: [String] = []
      await #expect(throws: Broken()) {
        try await withTaskScope { scope in
          scope.spawn {
            started.append("first")
            throw Broken()
          }
          scope.spawn { started.append("second") }
          await yield()
          #expect(scope.isCancelled)
          let late = scope.spawn { started.append("late") }
          let error = await errorOf { try await late.value }
          #expect(error is CancellationError)
        }
      }
      #expect(started == ["first"])
    }
  }

  @Test func `tasks of a scope start tasks in it`() async throws {
    try await runOnLoop {
      var count = 0
      try await withTaskScope { scope in
        func grow(_ levels: Int, isolation: isolated (any Actor)? = #isolation) {
          for _ in 0..<2 where levels > 0 {
            scope.spawn {
              count += 1
              try await sleep(for: .seconds(1))
              grow(levels - 1, isolation: isolation)
            }
          }
        }
        grow(6)
      }
      #expect(count == 126)
      #expect(EventLoop.current.now == Instant(nanoseconds: 6_000_000_000))
    }
  }

  @Test func `a task that is cancelled by its handle is no failure`() async throws {
    try await runOnLoop {
      var isOver = false
      try await withTaskScope { scope in
        let task = scope.spawn { try await waitForever() }
        scope.spawn {
          try await sleep(for: .seconds(1))
          isOver = true
        }
        await yield()
        task.cancel()
      }
      #expect(isOver)
    }
  }

  @Test func `a body that awaits a cancelled task and lets its error through fails`() async throws {
    try await runOnLoop {
      var wasCancelled = false
      await #expect(throws: CancellationError.self) {
        try await withTaskScope { scope in
          scope.spawn { do { try await waitForever() } catch { wasCancelled = true } }
          let task = scope.spawn { try await waitForever() }
          await yield()
          task.cancel()
          try await task.value
        }
      }
      #expect(wasCancelled)
    }
  }

  @Test func `a scope that is over starts no more tasks`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        let scope = try await withTaskScope { $0 }
        scope.spawn {}
      }
    }
  }

  @Test func `an empty scope ends at once`() async throws {
    try await runOnLoop {
      try await withTaskScope { _ in }
      let number = try await withTaskScope { _ in 3 }
      #expect(number == 3)
    }
  }
}
