import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct TaskScopeStartTests {
  @Test func `start returns with the task's word when it is ready, and the task goes on`() async throws {
    try await runOnLoop {
      var isOver = false
      try await withTaskScope { scope in
        let port: Int = try await scope.start(name: "server") { ready in
          try await sleep(for: .seconds(1))
          ready(8080)
          try await sleep(for: .seconds(1))
          isOver = true
        }
        #expect(port == 8080)
        #expect(!isOver)
        #expect(EventLoop.current.now == Instant(nanoseconds: 1_000_000_000))
      }
      #expect(isOver)
    }
  }

  @Test func `a task with nothing to tell is ready with no word`() async throws {
    try await runOnLoop {
      try await withTaskScope { scope in
        try await scope.start { (ready: ReadySignal<Void>) in ready() }
      }
    }
  }

  @Test func `an error before the task is ready is thrown to the starter and does not cancel the scope`() async throws {
    try await runOnLoop {
      try await withTaskScope { scope in
        let error = await errorOf {
          let _: Int = try await scope.start { _ in
            await yield()
            throw Broken(number: 1)
          }
        }
        #expect(error as? Broken == Broken(number: 1))
        #expect(!scope.isCancelled)
        try await sleep(for: .seconds(1))
      }
    }
  }

  @Test func `an error after the task is ready is the scope's`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: Broken(number: 2)) {
        try await withTaskScope { scope in
          let _: Int = try await scope.start { ready in
            ready(1)
            throw Broken(number: 2)
          }
          try await waitForever()
        }
      }
    }
  }

  @Test func `a task that ends before it is ready is an error that names it`() async throws {
    try await runOnLoop {
      try await withTaskScope { scope in
        let error = await errorOf {
          let _: Int = try await scope.start(name: "server") { _ in await yield() }
        }
        #expect((error as? NotReadyError)?.description == "task 'server' ended before it was ready")
      }
    }
  }

  @Test func `a starter that is cancelled cancels the task, and awaits it`() async throws {
    try await runOnLoop {
      var hasEnded = false
      try await withTaskScope { scope in
        let starter = scope.spawn {
          let _: Int = try await scope.start { _ in
            do { try await waitForever() } catch {
              for _ in 0..<5 { await yield() }
              hasEnded = true
              throw error
            }
          }
        }
        try await sleep(for: .seconds(1))
        starter.cancel()
        await #expect(throws: CancellationError.self) { try await starter.value }
        #expect(hasEnded)
        #expect(!scope.isCancelled)
      }
    }
  }

  @Test func `a scope that is cancelled ends those who start in it`() async throws {
    try await runOnLoop {
      var trace: [String] = []
      try await withTaskScope { scope in
        scope.spawn {
          do {
            let _: Int = try await scope.start { _ in try await waitForever() }
          } catch {
            trace.append("\(type(of: error))")
          }
        }
        try await sleep(for: .seconds(1))
        scope.cancel()
        do {
          let _: Int = try await scope.start { ready in ready(1) }
        } catch {
          trace.append("late \(type(of: error))")
        }
      }
      #expect(trace.sorted() == ["CancellationError", "late CancellationError"])
    }
  }

  @Test func `with a limit start waits for room`() async throws {
    try await runOnLoop {
      try await withTaskScope(limit: 1) { scope in
        scope.spawn { try await sleep(for: .seconds(3)) }
        let _: Int = try await scope.start { ready in ready(1) }
        #expect(EventLoop.current.now == Instant(nanoseconds: 3_000_000_000))
      }
    }
  }

  @Test func `to be ready twice traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        try await withTaskScope { scope in
          let _: Int = try await scope.start { ready in
            ready(1)
            ready(2)
          }
        }
      }
    }
  }

  @Test func `under any order a starter gets the word or the error, and nothing hangs`() async throws {
    try await runUnderSeeds(0..<300) { seed in
      let kind = seed % 5
      var ended = 0
      do {
        try await withTaskScope(limit: Int(seed % 3) + 1) { scope in
          let starter = scope.spawn {
            defer { ended += 1 }
            return try await withTaskScope { inner in
              let word: UInt64 = try await inner.start { ready in
                defer { ended += 1 }
                if kind > 0 { await yield() }
                if kind == 1 { throw Broken() }
                if kind == 2 { inner.cancel() }
                ready(seed)
                if kind == 3 { throw Broken() }
              }
              return word
            }
          }
          scope.spawn {
            await yield()
            if kind == 4 { starter.cancel() }
          }
          let word = try await starter.value
          try check(word == seed, "the word was \(word)")
        }
        try check(kind != 1, "kind \(kind) ended well")
      } catch is Broken {
        try check(kind == 1 || kind == 3, "kind \(kind) broke")
      } catch is CancellationError {
        try check(kind == 2 || kind == 4, "kind \(kind) was cancelled")
      }
      try check(ended <= 2, "\(ended) ended")
    }
  }
}
