import EpollLoop
import Glibc
import Testing

@Suite struct ServeTests {
  @Test func `each connection has a task of its own`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let serving = spawn { try await listener.serve(echo) }
      let first = try await sockets.connect(to: listener)
      let second = try await sockets.connect(to: listener)
      try await second.write("2")
      #expect(try await read(1, from: second) == Array("2".utf8))
      try await first.write("1")
      #expect(try await read(1, from: first) == Array("1".utf8))
      await first.close()
      await second.close()
      listener.close()
      try await serving.value
    }
  }

  @Test func `no more are served at once than the limit says, and all in the end`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      var running = 0
      var peak = 0
      let serving = spawn {
        try await listener.serve(maximumConnections: 2) { connection in
          running += 1
          peak = max(peak, running)
          try await echo(connection)
          running -= 1
        }
      }
      _ = try await gather(over: 0..<7) { _ in
        let client = try await sockets.connect(to: listener)
        try await client.write("x")
        #expect(try await read(1, from: client) == Array("x".utf8))
        try await settle()
        await client.close()
      }
      #expect(peak == 2)
      listener.close()
      try await serving.value
    }
  }

  @Test func `an error of a handler reaches onError, resets its peer, and ends nothing else`() async throws {
    try await runOnSockets { sockets in
      struct Refusal: Error {}
      let listener = try sockets.listen()
      var heard: [SocketAddress?] = []
      let serving = spawn {
        try await listener.serve(onError: { error, connection in
          #expect(error is Refusal)
          heard.append(connection.remoteAddress)
        }) { connection in
          if try await connection.read()?.first == UInt8(ascii: "!") { throw Refusal() }
        }
      }
      let bad = try await sockets.connect(to: listener)
      let address = bad.localAddress
      try await bad.write("!")
      #expect(await failure { try await bad.read() } == .io(.read, .connectionReset))
      let good = try await sockets.connect(to: listener)
      try await good.write("x")
      #expect(try await good.read() == nil)
      await good.close()
      #expect(heard == [address])
      listener.close()
      try await serving.value
    }
  }

  @Test func `errors that a peer can cause are silent, others are written to standard error`() async {
    let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
      struct Mistake: Error {}
      try await runOnSockets(allowsUnawaitedErrors: true) { sockets in
        let listener = try sockets.listen()
        let serving = spawn {
          try await listener.serve { connection in
            switch try await connection.read()?.first {
            case UInt8(ascii: "c"):
              connection.abort()
              _ = try await connection.read()
            case UInt8(ascii: "n"): throw NameLookupError(host: "a name from the peer", .noName)
            case nil: break
            default: throw Mistake()
            }
          }
        }
        for text in ["", "c", "n", "x"] {
          let peer = try RawSocket(connectingTo: listener.localAddress)
          if text.isEmpty { peer.reset() } else { try peer.send(text) }
          try await settle()
        }
        listener.close()
        try await serving.value
      }
    }
    let said = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(said.split(separator: "\n").filter { $0.contains("EpollLoop:") }.count == 1)
    #expect(said.contains("Mistake"))
  }

  @Test func `a cancel lets handlers end within the grace period`() async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      var hasEnded = false
      let serving = spawn {
        try await listener.serve(grace: .seconds(5)) { _ in
          try await sleep(for: .seconds(3))
          hasEnded = true
        }
      }
      try await sleep(for: .seconds(1))
      let start = EventLoop.current.now
      serving.cancel()
      await yield()
      #expect(await refuses(listener.localAddress))
      peer.finish()
      #expect(await failure { try await serving.value } == .cancelled)
      #expect(hasEnded)
      #expect(EventLoop.current.now - start == .seconds(2))
    }
  }

  @Test(arguments: [0, 5])
  func `after the grace period handlers are cancelled and awaited`(grace: Int) async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      var outcome: Failure?
      let serving = spawn {
        try await listener.serve(grace: .seconds(grace)) { connection in
          outcome = await failure { try await connection.read() }
        }
      }
      try await settle()
      let start = EventLoop.current.now
      serving.cancel()
      #expect(await failure { try await serving.value } == .cancelled)
      #expect(outcome == .cancelled)
      #expect(EventLoop.current.now - start == .seconds(grace))
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `closing the listener ends the serving without an error`() async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      let serving = spawn { try await listener.serve(grace: .seconds(1), echo) }
      try await settle()
      listener.close()
      peer.finish()
      try await serving.value
    }
  }

  @Test func `closing the listener from a handler ends the serving at its limit too`() async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      try await listener.serve(maximumConnections: 1) { _ in
        listener.close()
        peer.close()
      }
    }
  }

  @Test func `a thousand connections are served at once`() async throws {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let serving = spawn { try await listener.serve(echo) }
      let clients = try await gather(over: 0..<1000) { _ in try await sockets.connect(to: listener) }
      let answers = try await gather(over: clients.indices) { number in
        try await clients[number].write("\(number)")
        return try await read("\(number)".utf8.count, from: clients[number])
      }
      #expect(answers == clients.indices.map { Array("\($0)".utf8) })
      #expect(EventLoop.current.census.registrations == 2001)
      _ = try await gather(over: clients) { await $0.close() }
      listener.close()
      try await serving.value
    }
  }

  @Test func `a limit of no connections traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnSockets { sockets in try await sockets.listen().serve(maximumConnections: 0) { _ in } }
    }
    #expect(names("A server serves at least one connection at a time", result))
  }
}

private func echo(_ connection: Connection) async throws {
  while let chunk = try await connection.read() { try await connection.write(chunk) }
}

/// A listener with one peer that waits to be accepted.
private func oneClient(_ sockets: Sockets) async throws -> (Listener, RawSocket) {
  let listener = try sockets.listen()
  return (listener, try RawSocket(connectingTo: listener.localAddress))
}
