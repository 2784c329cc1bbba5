import EpollLoop
import Testing

/// What others may do while a close waits for the peer.
@Suite struct ConcurrentCloseTests {
  @Test func `a read during a close is an error and no trap`() async {
    await #expect(processExitsWith: .success) {
      try await runOnSockets { sockets in
        let (peer, connection) = try await sockets.rawPair()
        let closing = spawn { await connection.close() }
        try await settle()
        #expect(await failure { try await connection.read() } == .io(.read, .badFileDescriptor))
        peer.close()
        try await closing.value
      }
    }
  }

  @Test func `a second close does not cut the first one short`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let start = EventLoop.current.now
      let first = spawn { await connection.close() }
      try await settle()
      await connection.close()
      try await first.value
      #expect(EventLoop.current.now - start == .seconds(1))
      peer.close()
    }
  }

  @Test func `a second close leaves a write that is under way alone`() async throws {
    // In real time: the virtual clock would not wait for a timer of TCP's own.
    try await runOnSockets(clock: .kernel) { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(200_000)
      let writer = spawn { try await client.write(bytes) }
      await yield()
      let closes = spawn { try await gather({ await client.close() }, { await client.close() }) }
      try await settle()
      #expect(try await readAll(server) == bytes)
      try await writer.value
      await server.close()
      _ = try await closes.value
    }
  }

  @Test func `a close does not wait for ever for a write that the peer does not take`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair(peerReceiveBuffer: 4096)
      let writer = spawn { await failure { try await connection.write(pattern(8_000_000)) } }
      await yield()
      let start = EventLoop.current.now
      try await withTimeout(.seconds(60)) { await connection.close() }
      #expect(EventLoop.current.now - start <= .seconds(2))
      #expect(try await writer.value == .io(.write, .badFileDescriptor))
      peer.close()
    }
  }

  @Test func `breaking off ends a close that waits`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let start = EventLoop.current.now
      let closing = spawn { await connection.close() }
      await yield()
      connection.abort()
      try await closing.value
      #expect(EventLoop.current.now == start)
      peer.close()
    }
  }
}
