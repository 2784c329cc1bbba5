import Testing

@testable import EpollLoop

/// What others may do while a close waits for the peer.
@Suite struct ConcurrentCloseTests {
  @Test func `a read during a close is an error and no trap`() async {
    await #expect(processExitsWith: .success) {
      try await runOnSockets { sockets in
        let (peer, connection) = try await sockets.rawPair()
        try peer.send("unread")
        let closing = spawn { await connection.close() }
        try await settle()
        #expect(await failure { try await connection.read() } == .closed(.stream))
        peer.close()
        try await closing.value
      }
    }
  }

  @Test func `a second close does not cut the first one short`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("unread")
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
      #expect(try await writer.value == .closed(.stream))
      peer.close()
    }
  }

  @Test func `breaking off ends a close that waits`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("unread")
      let start = EventLoop.current.now
      let closing = spawn { await connection.close() }
      await yield()
      #expect(!closing.isDone)
      connection.abort()
      try await closing.value
      #expect(EventLoop.current.now == start)
      peer.close()
    }
  }

  @Test func `a close next to a finish that waits for its turn delivers all that was written`() async throws {
    try await runOnSockets(clock: .kernel) { sockets in
      let (client, server, bytes) = try await slowReader(sockets)
      let writer = spawn { try await server.write(bytes) }
      await yield()
      let finisher = spawn { try await server.finish() }
      await yield()
      let closes = spawn { try await gather({ await server.close() }, { await server.close() }) }
      await yield()
      var received: [UInt8] = []
      while !server.bound.unchecked.isFinished, let chunk = try await client.read() { received += chunk }
      // The close goes on while much is still in the kernel's buffer.
      for _ in 0..<10 { await yield() }
      received += try await readAll(client)
      #expect(received.elementsEqual(bytes), "\(received.count) of \(bytes.count) bytes")
      await client.close()
      try await writer.value
      try await finisher.value
      _ = try await closes.value
    }
  }

  @Test func `two ends that close next to writes of their own do not block each other`() async throws {
    try await runOnSockets(clock: .kernel) { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let writers = spawn(over: [client, server]) { end in try await end.write(pattern(200_000)) }
      try await settle()
      let start = EventLoop.current.now
      try await close(client, server)
      #expect(EventLoop.current.now - start < .seconds(1))
      for writer in writers { try await writer.value }
    }
  }

  @Test(arguments: [true, false])
  func `a close that waits for a write and is cancelled, or broken off, ends at once`(isCancel: Bool) async throws {
    try await runOnSockets { sockets in
      let (client, server, bytes) = try await slowReader(sockets)
      let writer = spawn { await failure { try await server.write(bytes) } }
      await yield()
      let finisher = spawn { await failure { try await server.finish() } }
      await yield()
      let start = EventLoop.current.now
      let closing = spawn { await server.close() }
      await yield()
      if isCancel { closing.cancel() } else { server.abort() }
      try await closing.value
      #expect(server.isClosed)
      #expect(EventLoop.current.now == start)
      #expect(try await writer.value == .closed(.stream))
      #expect(try await finisher.value == .closed(.stream))
      client.abort()
    }
  }
}

/// A connection whose client has sent what the server leaves unread, and more bytes than the kernel takes at once.
private func slowReader(_ sockets: Sockets) async throws -> (client: Connection, server: Connection, bytes: [UInt8]) {
  let (clientOptions, _) = narrow()
  var serverOptions = ListenerOptions()
  serverOptions.connection.sendBufferBytes = 150_000
  let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
  try await client.write("left unread")
  return (client, server, pattern(600_000))
}
