import EpollLoop
import EpollLoopTesting
import Testing

/// Who ends a scope, and how it then ends.
@Suite struct TaskScopeCancelTests {
  @Test func `a scope that cancels itself ends without an error`() async throws {
    try await runOnLoop {
      var cancelled = 0
      try await withTaskScope { scope in
        for _ in 0..<3 { scope.spawn { do { try await waitForever() } catch { cancelled += 1 } } }
        scope.spawn {
          try await sleep(for: .seconds(1))
          scope.cancel()
          scope.cancel()
        }
        try await waitForever()
      }
      #expect(cancelled == 3)
      #expect(!Task.isCancelled)
    }
  }

  @Test func `a scope that cancels itself returns the value that its body gives all the same`() async throws {
    try await runOnLoop {
      let value = try await withTaskScope { scope in
        scope.spawn { try await waitForever() }
        await yield()
        scope.cancel()
        return 5
      }
      #expect(value == 5)
    }
  }

  @Test func `a scope whose value is cut short by its own cancel throws CancellationError`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: CancellationError.self) {
        try await withTaskScope { scope in
          scope.cancel()
          try await waitForever()
          return 5
        }
      }
    }
  }

  @Test func `an error that is thrown because of the scope's own cancel is thrown on`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: Broken()) {
        try await withTaskScope { scope in
          scope.spawn { do { try await waitForever() } catch { throw Broken() } }
          await yield()
          scope.cancel()
        }
      }
    }
  }

  @Test func `a cancelled parent cancels body and tasks, and waits for them`() async throws {
    try await runOnLoop {
      var ended = 0
      func wind() async throws {
        defer { ended += 1 }
        do { try await waitForever() } catch {
          for _ in 0..<5 { await yield() }
          throw error
        }
      }
      let parent = spawn {
        try await withTaskScope { scope in
          for _ in 0..<10 { scope.spawn { try await wind() } }
          try await wind()
        }
      }
      try await sleep(for: .seconds(1))
      parent.cancel()
      #expect(ended == 0)
      await #expect(throws: CancellationError.self) { try await parent.value }
      #expect(ended == 11)
    }
  }

  @Test func `a parent that is cancelled while it waits for the tasks does not swallow that`() async throws {
    try await runOnLoop {
      let parent = spawn {
        try await withTaskScope { scope in
          scope.spawn { try await waitForever() }
          return "the body had ended"
        }
      }
      try await sleep(for: .seconds(1))
      parent.cancel()
      await #expect(throws: CancellationError.self) { try await parent.value }
    }
  }

  @Test func `if all finish in spite of the parent's cancel, the value is returned`() async throws {
    try await runOnLoop {
      let parent = spawn {
        try await withTaskScope { scope in
          scope.spawn { try? await waitForever() }
          return "done"
        }
      }
      try await sleep(for: .seconds(1))
      parent.cancel()
      let value = try await parent.value
      #expect(value == "done")
    }
  }

  @Test func `in a cancelled parent the body runs up to its first wait, and no task starts`() async throws {
    try await runOnLoop {
      var trace: [String] = []
      let parent = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        try await withTaskScope { scope in
          trace.append("body")
          scope.spawn { trace.append("task") }
          try await waitForever()
          trace.append("went on")
        }
      }
      await #expect(throws: CancellationError.self) { try await parent.value }
      #expect(trace == ["body"])
    }
  }

  @Test func `an error inside ends the inner scope first, and then the outer one`() async throws {
    try await runOnLoop {
      var trace: [String] = []
      func wind(_ name: String) async throws {
        defer { trace.append(name) }
        try await waitForever()
      }
      await #expect(throws: Broken()) {
        try await withTaskScope { outer in
          outer.spawn { try await wind("outer") }
          outer.spawn {
            defer { trace.append("inner scope") }
            try await withTaskScope { inner in
              inner.spawn { try await wind("inner") }
              try await sleep(for: .seconds(1))
              throw Broken()
            }
          }
        }
      }
      #expect(trace == ["inner", "inner scope", "outer"])
    }
  }

  @Test func `an error outside ends both scopes`() async throws {
    try await runOnLoop {
      var ended = 0
      await #expect(throws: Broken()) {
        try await withTaskScope { outer in
          outer.spawn {
            try await withTaskScope { inner in
              for _ in 0..<3 {
                inner.spawn {
                  defer { ended += 1 }
                  try await waitForever()
                }
              }
            }
          }
          try await sleep(for: .seconds(1))
          throw Broken()
        }
      }
      #expect(ended == 3)
    }
  }

  @Test func `a timeout around a scope cancels everything in it`() async throws {
    try await runOnLoop {
      var cancelled = 0
      await #expect(throws: TimeoutError.self) {
        try await withTimeout(.seconds(1)) {
          try await withTaskScope { scope in
            for _ in 0..<10 { scope.spawn { do { try await waitForever() } catch { cancelled += 1 } } }
            try await waitForever()
          }
        }
      }
      #expect(cancelled == 10)
    }
  }
}
