import EpollLoop
import Testing

@Suite struct ListenerTests {
  @Test(arguments: [("127.0.0.1", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::1", "[::1]")])
  func `port 0 becomes the port that the kernel chose`(host: String, shown: String) async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen(host: host)
      #expect(listener.localAddress.port != 0)
      #expect(listener.localAddress.description == "\(shown):\(listener.localAddress.port)")
      listener.close()
    }
  }

  @Test func `a port in use is an error that names address and reason`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      do {
        _ = try Listener.tcp(host: sockets.host, port: listener.localAddress.port)
        Issue.record("The port is taken")
      } catch let error as IOError {
        #expect(error.operation == .listen && error.reason == .addressInUse)
        #expect(error.description == "cannot listen: Address already in use (\(listener.localAddress))")
      }
      listener.close()
      #expect(EventLoop.current.census.registrations == 0)
    }
  }

  @Test(arguments: ["", "example.org", "127.0.0.256", "::1::", "127.0.0.1 "])
  func `a host that is no numeric address is an error that names it`(host: String) async throws {
    try await runOnSockets { _ in
      do {
        _ = try Listener.tcp(host: host, port: 0)
        Issue.record("That is no address")
      } catch let error as IOError {
        #expect(error.operation == .listen && error.reason == .invalidArgument)
        #expect(error.description.contains("'\(host)'"))
      }
    }
  }

  @Test func `a foreign address is an error and leaves no descriptor`() async {
    await #expect(processExitsWith: .success) {
      try await runOnSockets { _ in
        let before = openSocketInodes()
        // A network for documentation, RFC 5737.
        #expect(await failure { try Listener.tcp(host: "203.0.113.7", port: 0) } != nil)
        #expect(openSocketInodes() == before)
      }
    }
  }

  @Test func `a port can be listened on again right after its connections have closed`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let (client, server) = try await gather(
        { try await sockets.connect(to: listener) }, { try await sockets.accept(from: listener) })
      // This end closes first, and stays in TIME_WAIT.
      let closing = spawn { await server.close() }
      #expect(try await client.read() == nil)
      await client.close()
      try await closing.value
      listener.close()
      #expect(
        await eventually {
          await failure { try Listener.tcp(host: sockets.host, port: listener.localAddress.port).close() } == nil
        })
    }
  }

  @Test func `closing wakes whoever waits to accept with an error`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let accepting = spawn { await failure { try await listener.accept() } }
      try await settle()
      listener.close()
      #expect(try await accepting.value == .closed(.listener))
      listener.close()
      #expect(await failure { try await listener.accept() } == .closed(.listener))
    }
  }

  @Test func `after the close connections are refused, and those that were accepted stay`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let (client, server) = try await gather(
        { try await sockets.connect(to: listener) }, { try await sockets.accept(from: listener) })
      listener.close()
      #expect(await refuses(listener.localAddress))
      try await client.write("still here")
      #expect(try await read(10, from: server) == Array("still here".utf8))
      try await close(client, server)
    }
  }

  @Test func `connections come in the order in which they were made`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let peers = try (0..<200).map { _ in try RawSocket(connectingTo: listener.localAddress) }
      for peer in peers {
        let connection = try await sockets.accept(from: listener)
        #expect(connection.remoteAddress == peer.address)
      }
      listener.close()
    }
  }

  @Test func `a connection that is gone before it is taken does not harm the listener`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      try RawSocket(connectingTo: listener.localAddress).reset()
      let peer = try RawSocket(connectingTo: listener.localAddress)
      var connection = try await sockets.accept(from: listener)
      if connection.remoteAddress != peer.address {
        #expect(await failure { try await connection.read() } == .io(.read, .connectionReset))
        connection = try await sockets.accept(from: listener)
      }
      try peer.send("x")
      #expect(try await read(1, from: connection) == Array("x".utf8))
      listener.close()
    }
  }

  @Test func `two tasks that accept at a time trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnSockets { sockets in
        let listener = try sockets.listen()
        _ = try await gather({ try await listener.accept() }, { try await listener.accept() })
      }
    }
    #expect(names("Only one task may accept at a time", result))
  }

  @Test func `a backlog of nothing traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnSockets { sockets in
        var options = ListenerOptions()
        options.backlog = 0
        _ = try sockets.listen(options: options)
      }
    }
    #expect(names("A listener's backlog is more than zero", result))
  }
}
