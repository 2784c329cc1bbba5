@testable import EpollLoop
import Testing

@Suite struct CloseTests {
  @Test func `closing and breaking off a second time do nothing`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try await close(client, server)
      await client.close()
      client.abort()
      server.abort()
      await server.close()
      #expect(client.isClosed && server.isClosed)
      #expect(client.localAddress == nil)
    }
  }

  @Test func `after a close everything else is an error`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try await close(client, server)
      #expect(await failure { try await client.read() } == .closed(.stream))
      #expect(await failure { try await client.read(upTo: 1) } == .closed(.stream))
      #expect(await failure { try await client.write("x") } == .closed(.stream))
      #expect(await failure { try await client.finish() } == .closed(.stream))
      #expect(await failure { try client.configure(noDelay: true) } == .closed(.stream))
    }
  }

  @Test(arguments: [true, false])
  func `closing wakes a waiting reader with an error`(isAbort: Bool) async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let reader = spawn { await failure { try await client.read() } }
      try await settle()
      if isAbort { client.abort() } else { await client.close() }
      #expect(try await reader.value == .closed(.stream))
      server.abort()
    }
  }

  @Test func `breaking off wakes a blocked writer and those behind it, first come, first served`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair(peerReceiveBuffer: 4096)
      var failed: [Int] = []
      let writers = spawn {
        await gatherSettled(over: 0..<4) { number in
          #expect(await failure { try await connection.write(pattern(8_000_000)) } == .closed(.stream))
          failed.append(number)
        }
      }
      try await settle()
      connection.abort()
      _ = try await writers.value
      #expect(failed == [0, 1, 2, 3])
      peer.close()
    }
  }

  @Test func `breaking off gives the peer a reset`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let reader = spawn { await failure { try await server.read() } }
      try await settle()
      client.abort()
      #expect(try await reader.value == .io(.read, .connectionReset))
    }
  }

  @Test func `a close delivers a large reply although there is unread input`() async throws {
    try await runOnSockets(clock: .kernel) { sockets in
      let (client, server) = try await sockets.pair()
      let reply = pattern(200_000)
      try await client.write(pattern(100_000))
      let (_, received) = try await gather(
        {
          try await server.write(reply)
          await server.close()
        },
        {
          while !server.bound.unchecked.isFinished { await yield() }
          try await client.write("and one more")
          let received = try await readAll(client)
          await client.close()
          return received
        })
      #expect(received == reply)
    }
  }

  @Test func `a close delivers what was written although a task waits to read`() async throws {
    try await runOnSockets(clock: .kernel) { sockets in
      let (client, server) = try await slowPair(sockets)
      let reader = spawn { await failure { try await server.read() } }
      await yield()
      // All of it stays in this end's kernel buffer until the peer reads.
      try await server.write(pattern(100_000))
      let closing = spawn { await server.close() }
      while !server.bound.unchecked.isFinished { await yield() }
      await yield()
      try await client.write("too late to be read")
      #expect(try await readAll(client) == pattern(100_000))
      await client.close()
      try await closing.value
      #expect(try await reader.value == .closed(.stream))
    }
  }

  @Test(arguments: [true, false])
  func `a close takes no time if the peer has sent nothing and taken all`(isFinished: Bool) async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      // The first bytes of a connection are acknowledged at once.
      try await connection.write("hello")
      if isFinished { try await connection.finish() }
      let start = EventLoop.current.now
      await connection.close()
      #expect(EventLoop.current.now == start)
      #expect(try peer.receiveAll() == Array("hello".utf8))
    }
  }

  @Test func `a close waits for the acknowledgement of what was written, and no longer`() async throws {
    try await runOnSockets(clock: .kernel) { sockets in
      let (client, server) = try await slowPair(sockets)
      try await server.write(pattern(100_000))
      let start = EventLoop.current.now
      let closing = spawn { await server.close() }
      while !server.bound.unchecked.isFinished { await yield() }
      #expect(!closing.isDone)
      #expect(try await readAll(client) == pattern(100_000))
      try await closing.value
      #expect(EventLoop.current.now - start < .seconds(1))
      client.abort()
    }
  }

  @Test func `a close waits one second at most for a peer that takes nothing`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await slowPair(sockets)
      try await server.write(pattern(100_000))
      let start = EventLoop.current.now
      await server.close()
      #expect(EventLoop.current.now - start == .seconds(1))
      // The kernel goes on without the descriptor.
      #expect(try await readAll(client) == pattern(100_000))
      client.abort()
    }
  }

  @Test func `a close waits one second at most for a peer whose input was left unread`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("unread")
      let start = EventLoop.current.now
      await connection.close()
      #expect(EventLoop.current.now - start == .seconds(1))
      // It was read and dropped: no reset.
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `a close sees input that no event has reported`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try await settle()
      let closing = spawn { await connection.close() }
      try peer.send("unread")
      peer.finish()
      let start = EventLoop.current.now
      try await closing.value
      #expect(EventLoop.current.now == start)
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `a peer that sends while a close waits does not cut off what it has not taken yet`() async throws {
    try await runOnSockets(clock: .kernel) { sockets in
      let (client, server) = try await slowPair(sockets)
      try await server.write(pattern(100_000))
      let closing = spawn { await server.close() }
      while !server.bound.unchecked.isFinished { await yield() }
      var received: [UInt8] = []
      while let chunk = try await client.read(upTo: 1000) {
        received += chunk
        // Until the end has been read, and while there is room: each write is input for the close.
        try await client.write("more")
      }
      #expect(received == pattern(100_000))
      await client.close()
      try await closing.value
    }
  }

  @Test func `a close does not wait for ever for a peer that never stops sending`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let sender = spawn { await failure { while true { try await client.write(pattern(100_000)) } } }
      try await settle()
      await server.close()
      #expect(try await sender.value != nil)
      client.abort()
    }
  }

  @Test func `a cancelled close closes at once`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("unread")
      let start = EventLoop.current.now
      let closing = spawn { await connection.close() }
      await yield()
      #expect(!connection.bound.unchecked.isClosed)
      closing.cancel()
      try await closing.value
      #expect(connection.isClosed)
      #expect(EventLoop.current.now == start)
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `a close waits for the writes that are under way`() async throws {
    // In real time: the virtual clock would not wait for a timer of TCP's own.
    try await runOnSockets(clock: .kernel) { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(200_000)
      let writer = spawn { try await client.write(bytes) }
      let closing = spawn { await client.close() }
      try await settle()
      #expect(try await readAll(server) == bytes)
      try await writer.value
      await server.close()
      try await closing.value
    }
  }
}

/// A connection whose server's kernel holds 100,000 bytes and more, of which the client's takes few at a time.
private func slowPair(_ sockets: Sockets) async throws -> (client: Connection, server: Connection) {
  let (clientOptions, _) = narrow()
  var serverOptions = ListenerOptions()
  serverOptions.connection.sendBufferBytes = 200_000
  return try await sockets.pair(client: clientOptions, server: serverOptions)
}
