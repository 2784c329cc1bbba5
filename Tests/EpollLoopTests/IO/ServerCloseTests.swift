import EpollLoop
import Testing

/// How handlers learn that their server is closing.
@Suite struct ServerCloseTests {
  @Test(arguments: [true, false])
  func `a handler that waits for bytes goes on at once when the server closes`(isCancel: Bool) async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      var states: [Bool] = []
      let serving = spawn {
        try await listener.serve(grace: .seconds(5)) { connection in
          states.append(connection.isServerClosing)
          let chunk = try await connection.readUnlessServerCloses()
          #expect(chunk == nil)
          states.append(connection.isServerClosing)
        }
      }
      try await settle()
      let start = EventLoop.current.now
      if isCancel { serving.cancel() } else { listener.close() }
      let end = await failure { try await serving.value }
      #expect(end == (isCancel ? .cancelled : nil))
      #expect(EventLoop.current.now == start)
      #expect(states == [false, true])
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `handlers of a server at its limit go on at once when it closes`() async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      let serving = spawn {
        try await listener.serve(maximumConnections: 1, grace: .seconds(5)) { connection in
          let chunk = try await connection.readUnlessServerCloses()
          #expect(chunk == nil)
        }
      }
      try await settle()
      let start = EventLoop.current.now
      listener.close()
      try await serving.value
      #expect(EventLoop.current.now == start)
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `bytes that have arrived are read although the server is closing`() async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      var received: [[UInt8]?] = []
      let serving = spawn {
        try await listener.serve(grace: .seconds(5)) { connection in
          for _ in 0..<3 { received.append(try await connection.readUnlessServerCloses().map { Array($0) }) }
        }
      }
      try await settle()
      // No event has reported them when the handler goes on.
      try peer.send("last")
      listener.close()
      try await serving.value
      #expect(received == [Array("last".utf8), nil, nil])
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `a busy handler has the grace period for what it has begun`() async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      let serving = spawn {
        try await listener.serve(grace: .seconds(5)) { connection in
          while let chunk = try await connection.readUnlessServerCloses() {
            try await sleep(for: .seconds(3))
            try await connection.write(chunk)
          }
        }
      }
      try peer.send("x")
      try await settle()
      let start = EventLoop.current.now
      serving.cancel()
      #expect(await failure { try await serving.value } == .cancelled)
      #expect(EventLoop.current.now - start < .seconds(3))
      #expect(try peer.receiveAll() == Array("x".utf8))
    }
  }

  @Test func `without a server it is an ordinary read`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let peer = try RawSocket(connectingTo: listener.localAddress)
      let connection = try await sockets.accept(from: listener)
      let reader = spawn { try await connection.readUnlessServerCloses() }
      try await settle()
      listener.close()
      try await settle()
      #expect(!reader.isDone && !connection.isServerClosing)
      try peer.send("x")
      #expect(try await reader.value.map { Array($0) } == Array("x".utf8))
      peer.finish()
      #expect(try await connection.readUnlessServerCloses() == nil)
    }
  }

  @Test func `a cancelled wait takes no byte, and the server's close does not wake it again`() async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      var outcomes: [Failure?] = []
      let serving = spawn {
        try await listener.serve(grace: .seconds(5)) { connection in
          for _ in 0..<2 {
            outcomes.append(
              await failure {
                try await withTimeout(.seconds(1)) { try await connection.readUnlessServerCloses() }
              })
          }
          let bytes = try await read(5, from: connection)
          #expect(bytes == Array("whole".utf8))
        }
      }
      try await sleep(for: .seconds(3))
      #expect(outcomes == [.timedOut, .timedOut])
      listener.close()
      try await settle()
      try peer.send("whole")
      try await serving.value
      #expect(EventLoop.current.census.waiters == 0)
    }
  }

  @Test func `closing the connection wakes the wait with an error`() async throws {
    try await runOnSockets { sockets in
      let (listener, peer) = try await oneClient(sockets)
      let serving = spawn {
        try await listener.serve(maximumConnections: 1, grace: .seconds(5)) { connection in
          let reader = spawn { await failure { try await connection.readUnlessServerCloses() } }
          try await settle()
          await connection.close()
          listener.close()
          #expect(try await reader.value == .closed(.stream))
        }
      }
      try await serving.value
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `a second reader traps while the server closes, too`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnSockets { sockets in
        let (listener, peer) = try await oneClient(sockets)
        try await listener.serve(maximumConnections: 1, grace: .seconds(5)) { connection in
          spawn { try await connection.read() }
          try await settle()
          listener.close()
          _ = try await connection.readUnlessServerCloses()
        }
        peer.close()
      }
    }
    #expect(names("Only one task may read from a connection at a time", result))
  }
}

/// A listener with one peer that waits to be accepted.
private func oneClient(_ sockets: Sockets) async throws -> (Listener, RawSocket) {
  let listener = try sockets.listen()
  return (listener, try RawSocket(connectingTo: listener.localAddress))
}
