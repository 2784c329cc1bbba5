import EpollLoopTesting
import Testing

@testable import EpollLoop

/// The table of the page Toolbox: what sees the `@TaskLocal` values of the code that starts it, line by line.
@Suite struct TaskLocalReachTests {
  @TaskLocal private static var request = 0

  private static func seen() -> Int { request }

  @Test func `spawned tasks, those of a scope too, see them`() async throws {
    try await runOnLoop { loop in
      let tasks = Self.$request.withValue(1) {
        _ = loop
        return spawn(over: 0..<2) { _ in Self.seen() } + [spawn { Self.seen() }]
      }
      for task in tasks { #expect(try await task.value == 1) }
      try await Self.$request.withValue(2) {
        try await withTaskScope { scope in
          #expect(Self.seen() == 2)
          let child = scope.spawn { Self.seen() }
          let started = try await scope.start { (ready: ReadySignal<Int>) in ready(Self.seen()) }
          let value = try await child.value
          #expect(value == 2)
          #expect(started == 2)
        }
      }
    }
  }

  @Test func `bodies of gather, race, timeouts, shield, retry and asCompleted see them`() async throws {
    try await runOnLoop {
      try await Self.$request.withValue(3) {
        var values = try await gather(over: 0..<2) { _ in Self.seen() }
        values.append(try await race({ Self.seen() }, { Self.seen() }))
        values.append(try await withTimeout(.seconds(1)) { Self.seen() })
        values.append(try await withTimeoutScope { _ in Self.seen() })
        values.append(try await moveOn(after: .seconds(1)) { Self.seen() } ?? 0)
        values.append(try await shield { Self.seen() })
        values.append(try await retry(attempts: 2) { _ in Self.seen() })
        values += try await withAsCompleted(over: 0..<2) { _ in
          Self.seen()
        } body: { completions in
          var all = [Self.seen()]
          for try await completion in completions { all.append(try completion.value) }
          return all
        }
        #expect(values == Array(repeating: 3, count: 11))
      }
    }
  }

  @Test func `Swift's child tasks and Task see them, and a detached task does not`() async throws {
    try await runOnLoop {
      await Self.$request.withValue(4) {
        let grouped = await withTaskGroup(of: Int.self) { group in
          group.addTask { Self.seen() }
          return await group.next()
        }
        async let child = Self.seen()
        let plain = await Task { Self.seen() }.value
        let detached = await Task.detached { Self.seen() }.value
        let bound = await child
        #expect([grouped, bound, plain, detached] == [4, 4, 4, 0])
      }
    }
  }

  @Test func `offloaded calls and the body of withLoop see them`() async throws {
    try await runOnLoop {
      try await Self.$request.withValue(5) {
        let offloaded = try await offload { Self.seen() }
        let measured = try await offloadMeasured { Self.seen() }.value
        let worker = try await withLoop { _ in try await offload { Self.seen() } * 10 + Self.seen() }
        #expect([offloaded, measured, worker] == [5, 5, 55])
      }
    }
  }

  @Test func `callbacks, watches and functions for execute do not see them`() async throws {
    try await runOnLoop(clock: .kernel) { actor in
      let loop = EventLoop.current
      let promises = (0..<5).map { _ in Promise<Int>() }
      let pipe = Pipe()
      let (repeating, watch) = try Self.$request.withValue(6) {
        _ = actor
        loop.soon { promises[0].set(Self.seen()) }
        loop.schedule(after: .milliseconds(1)) { promises[1].set(Self.seen()) }
        try loop.execute { [promise = promises[4]] in promise.set(Self.seen()) }
        return (
          loop.schedule(every: .milliseconds(1)) { promises[2].trySet(Self.seen()) },
          try loop.watch(pipe.reading, onReadable: { promises[3].trySet(Self.seen()) })
        )
      }
      pipe.put(1)
      for promise in promises { #expect(try await promise.future.value == 0) }
      repeating.cancel()
      watch.cancel()
    }
  }

  @Test func `a thread of one's own does not see them`() async throws {
    try await runOnLoop(clock: .kernel) {
      try await Self.$request.withValue(7) {
        let promise = Promise<Int>()
        try ThreadCache.shared.run(named: "own") { promise.set(Self.seen()) }
        let value = try await promise.future.value
        #expect(value == 0)
      }
    }
  }

  @Test func `handlers of serve see those of its caller, and the body of runOnLoop those of the test`() async throws {
    try await Self.$request.withValue(8) {
      try await runOnSockets { _ in
        #expect(Self.seen() == 8)
        let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
        let served = Promise<Int>()
        let server = spawn {
          try await Self.$request.withValue(9) { try await listener.serve { _ in served.trySet(Self.seen()) } }
        }
        let client = try await Connection.tcp(host: "127.0.0.1", port: listener.localAddress.port)
        let value = try await served.future.value
        #expect(value == 9)
        client.abort()
        server.cancel()
        _ = try? await server.value
      }
    }
  }
}
