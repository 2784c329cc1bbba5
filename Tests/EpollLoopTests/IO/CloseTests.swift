@testable import EpollLoop
import Testing

@Suite struct CloseTests {
  @Test func `closing and breaking off a second time do nothing`() throws {
    try runOnSockets { sockets in
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

  @Test func `after a close everything else is an error`() throws {
    try runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try await close(client, server)
      #expect(await failure { try await client.read() } == .io(.read, .badFileDescriptor))
      #expect(await failure { try await client.read(upTo: 1) } == .io(.read, .badFileDescriptor))
      #expect(await failure { try await client.write("x") } == .io(.write, .badFileDescriptor))
      #expect(await failure { try await client.finish() } == .io(.finish, .badFileDescriptor))
      #expect(await failure { try client.configure(noDelay: true) } == .io(.configure, .badFileDescriptor))
    }
  }

  @Test(arguments: [true, false])
  func `closing wakes a waiting reader with an error`(isAbort: Bool) throws {
    try runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let reader = spawn { await failure { try await client.read() } }
      try await settle()
      if isAbort { client.abort() } else { await client.close() }
      #expect(try await reader.value == .io(.read, .badFileDescriptor))
      server.abort()
    }
  }

  @Test func `breaking off wakes a blocked writer and those behind it, first come, first served`() throws {
    try runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair(peerReceiveBuffer: 4096)
      var failed: [Int] = []
      let writers = spawn {
        await gatherSettled(over: 0..<4) { number in
          #expect(await failure { try await connection.write(pattern(8_000_000)) } == .io(.write, .badFileDescriptor))
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

  @Test func `breaking off gives the peer a reset`() throws {
    try runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let reader = spawn { await failure { try await server.read() } }
      try await settle()
      client.abort()
      #expect(try await reader.value == .io(.read, .connectionReset))
    }
  }

  @Test func `a close delivers a large reply although there is unread input`() throws {
    try runOnSockets(clock: .kernel) { sockets in
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

  @Test func `a close delivers what was written although a task waits to read`() throws {
    try runOnSockets(clock: .kernel) { sockets in
      let (clientOptions, _) = narrow()
      var serverOptions = ListenerOptions()
      serverOptions.connection.sendBufferBytes = 200_000
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
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
      #expect(try await reader.value == .io(.read, .badFileDescriptor))
    }
  }

  @Test func `a close waits one second at the most for a peer that says nothing`() throws {
    try runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let start = EventLoop.current.now
      await connection.close()
      #expect(EventLoop.current.now - start == .seconds(1))
      peer.close()
    }
  }

  @Test func `a close does not wait for ever for a peer that never stops sending`() throws {
    try runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let sender = spawn { await failure { while true { try await client.write(pattern(100_000)) } } }
      try await settle()
      await server.close()
      #expect(try await sender.value != nil)
      client.abort()
    }
  }

  @Test func `a cancelled close closes at once`() throws {
    try runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let start = EventLoop.current.now
      let closing = spawn { await connection.close() }
      await yield()
      closing.cancel()
      try await closing.value
      #expect(connection.isClosed)
      #expect(EventLoop.current.now == start)
      #expect(try peer.receive().isEmpty)
    }
  }

  @Test func `a close waits for the writes that are under way`() throws {
    // In real time: the virtual clock would not wait for a timer of TCP's own.
    try runOnSockets(clock: .kernel) { sockets in
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
