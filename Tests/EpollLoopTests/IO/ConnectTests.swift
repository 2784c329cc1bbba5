import EpollLoop
import Testing

@Suite struct ConnectTests {
  @Test func `a refused connect fails at once and names the address`() async throws {
    try await runOnSockets { _ in
      let bound = try RawSocket(backlog: nil)
      let start = EventLoop.current.now
      do {
        _ = try await Connection.tcp(host: "127.0.0.1", port: bound.address.port)
        Issue.record("Nobody listens there")
      } catch let error as IOError {
        #expect(error.operation == .connect)
        #expect(error.reason == .connectionRefused)
        #expect(error.description.contains("127.0.0.1:\(bound.address.port)"))
      }
      #expect(EventLoop.current.now == start)
      #expect(EventLoop.current.census.registrations == 0)
    }
  }

  @Test func `a name is looked up, and its addresses are tried one after the other`() async throws {
    try await runOnSockets(clock: .kernel) { sockets in
      let listener = try sockets.listen(host: "127.0.0.1")
      let connection = sockets.track(try await Connection.tcp(host: "localhost", port: listener.localAddress.port))
      #expect(connection.remoteAddress == listener.localAddress)
      connection.abort()
      listener.close()
    }
  }

  @Test func `a connect to nowhere does not hold up the loop, and its timeout leaves nothing`() async throws {
    try await runOnSockets { _ in
      let crowd = try Crowd()
      let start = EventLoop.current.now
      let outcome = await failure {
        try await withTimeout(.milliseconds(300)) {
          try await Connection.tcp(host: "127.0.0.1", port: crowd.listener.address.port)
        }
      }
      #expect(outcome == .timedOut)
      #expect(EventLoop.current.now - start == .milliseconds(300))
      #expect(EventLoop.current.census.registrations == 0)
    }
  }

  @Test func `a cancelled connect closes its descriptor`() async {
    await #expect(processExitsWith: .success) {
      try await runOnSockets { _ in
        let crowd = try Crowd()
        let before = openSocketInodes()
        let task = spawn {
          await failure { try await Connection.tcp(host: "127.0.0.1", port: crowd.listener.address.port) }
        }
        try await settle()
        #expect(openSocketInodes().count == before.count + 1)
        task.cancel()
        #expect(try await task.value == .cancelled)
        #expect(openSocketInodes() == before)
      }
    }
  }

  @Test func `a failed connect closes its descriptor`() async {
    await #expect(processExitsWith: .success) {
      try await runOnSockets { _ in
        let bound = try RawSocket(backlog: nil)
        let before = openSocketInodes()
        #expect(await failure { try await Connection.tcp(host: "127.0.0.1", port: bound.address.port) } != nil)
        #expect(openSocketInodes() == before)
      }
    }
  }

  @Test func `a cancelled task does not begin to connect`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let task = spawn {
        await #expect(throws: CancellationError.self) { try await sleep(for: .seconds(1)) }
        return await failure { try await Connection.tcp(to: listener.localAddress) }
      }
      await yield()
      task.cancel()
      #expect(try await task.value == .cancelled)
      listener.close()
    }
  }
}

/// A listener that accepts nobody and whose queue is full: further connects wait.
private final class Crowd {
  let listener: RawSocket
  private let waiting: [RawSocket]

  init() throws {
    let listener = try RawSocket(backlog: 0)
    self.listener = listener
    waiting = try (0..<4).map { _ in try RawSocket(connectingTo: listener.address, blocking: false) }
  }
}
