import EpollLoop
import Testing

@Suite struct StreamCancellationTests {
  @Test func `a cancelled read takes no byte`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let reader = spawn { await failure { try await connection.read() } }
      try await settle()
      reader.cancel()
      try peer.send("whole")
      #expect(try await reader.value == .cancelled)
      #expect(try await read(5, from: connection) == Array("whole".utf8))
    }
  }

  @Test func `a read that has been woken by data returns it although it is cancelled then`() async throws {
    try await runOnSockets { sockets in
      let (first, one) = try await sockets.rawPair()
      let (second, two) = try await sockets.rawPair()
      var later: TaskHandle<[UInt8]>?
      let earlier = spawn {
        _ = try await one.read()
        // Both events came at once: the other task has been woken, and has not run.
        later?.cancel()
      }
      later = spawn { try await two.read().map { Array($0) } ?? [] }
      try await settle()
      try first.send("1")
      try second.send("2")
      try await earlier.value
      #expect(try await later?.value == Array("2".utf8))
    }
  }

  @Test func `a write that is cancelled before its first byte sends nothing`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(200_000)
      let writer = spawn { try await client.write(bytes) }
      let behind = spawn { await failure { try await client.write("never") } }
      let last = spawn {
        try await client.write("last")
        try await client.finish()
      }
      try await settle()
      behind.cancel()
      #expect(try await behind.value == .cancelled)
      #expect(try await readAll(server) == bytes + Array("last".utf8))
      try await writer.value
      try await last.value
      try await close(client, server)
    }
  }

  @Test func `a write into a full buffer that is cancelled sends nothing`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let first = spawn { await failure { try await client.write(pattern(200_000)) } }
      try await settle()
      first.cancel()
      #expect(try await first.value == .io(.write, .canceled))
      let second = spawn { await failure { try await client.write("never") } }
      try await settle()
      second.cancel()
      #expect(try await second.value == .cancelled)
      client.abort()
      server.abort()
    }
  }

  @Test func `a write that is cancelled in the middle says how many bytes have gone`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(200_000)
      let writer = spawn { try await client.write(bytes) }
      try await settle()
      writer.cancel()
      var failed: IOError?
      do { try await writer.value } catch let error as IOError { failed = error }
      try await client.write("|")
      try await client.finish()
      let received = try await readAll(server)
      #expect(failed?.reason == .canceled)
      #expect(failed?.writtenByteCount == received.count - 1)
      #expect(failed?.detail == "\(received.count - 1) of 200000 bytes were written")
      #expect(received == bytes.prefix(received.count - 1) + Array("|".utf8))
      try await close(client, server)
    }
  }

  @Test func `a write that fits goes out although its task is cancelled`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let writer = spawn {
        await #expect(throws: CancellationError.self) { try await sleep(for: .seconds(1)) }
        try await connection.write("goodbye")
      }
      await yield()
      writer.cancel()
      try await writer.value
      #expect(try peer.receive() == Array("goodbye".utf8))
    }
  }

  @Test func `a cancelled accept loses no connection`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let accepting = spawn { await failure { try await listener.accept() } }
      try await settle()
      accepting.cancel()
      let peer = try RawSocket(connectingTo: listener.localAddress)
      #expect(try await accepting.value == .cancelled)
      let connection = try await sockets.accept(from: listener)
      try peer.send("here")
      #expect(try await read(4, from: connection) == Array("here".utf8))
      listener.close()
    }
  }

  @Test func `an accept that has been woken by a connection returns it although it is cancelled then`() async throws {
    try await runOnSockets { sockets in
      let (first, one) = try await sockets.rawPair()
      let listener = try sockets.listen()
      var later: TaskHandle<Connection>?
      let earlier = spawn {
        _ = try await one.read()
        later?.cancel()
      }
      later = spawn { try await sockets.accept(from: listener) }
      try await settle()
      try first.send("1")
      let peer = try RawSocket(connectingTo: listener.localAddress)
      try await earlier.value
      #expect(try await later?.value.remoteAddress == peer.address)
      listener.close()
    }
  }
}
