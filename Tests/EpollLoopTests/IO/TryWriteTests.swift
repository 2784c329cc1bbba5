import EpollLoop
import Testing

@Suite struct TryWriteTests {
  @Test func `a try to write takes what fits and says how much`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(1_000_000)
      var sent = try client.tryWrite(bytes)
      #expect(sent > 0 && sent < bytes.count)
      #expect(try client.tryWrite(bytes[sent...]) == 0)
      #expect(try client.tryWrite(Chunk("more".utf8)) == 0)
      let (_, received) = try await gather(
        {
          while sent < bytes.count {
            let count = try client.tryWrite(bytes[sent...])
            sent += count
            if count == 0 {
              try await client.write(bytes[sent..<min(sent + 10, bytes.count)])
              sent = min(sent + 10, bytes.count)
            }
          }
          try await client.finish()
        }, { try await readAll(server) })
      #expect(received == bytes)
      try await close(client, server)
    }
  }

  @Test func `a try to write does not mix its bytes with those of a write under way`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(300_000)
      let writing = spawn { try await client.write(bytes) }
      try await settle()
      #expect(!writing.isDone)
      #expect(try client.tryWrite([1, 2, 3]) == 0)
      let reading = spawn { try await readAll(server) }
      try await writing.value
      #expect(try client.tryWrite([] as [UInt8]) == 0)
      try await client.finish()
      #expect(try await reading.value == bytes)
      try await close(client, server)
    }
  }

  @Test func `a try to write fails as a write does`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      #expect(try client.tryWrite(Array("last".utf8)) == 4)
      try await client.finish()
      #expect(await failure { try client.tryWrite([1]) } == .io(.write, .brokenPipe))
      #expect(try await readAll(server) == Array("last".utf8))
      try await close(client, server)
      #expect(await failure { try client.tryWrite([1]) } == .closed(.stream))
    }
  }

  @Test func `a peek leaves the bytes where they are`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let peeking = spawn { try await server.peek(upTo: 3) }
      try await settle()
      #expect(!peeking.isDone)
      try await client.write("hello")
      let first = try await peeking.value
      #expect(first.map(Array.init) == Array("hel".utf8))
      for _ in 0..<2 {
        let all = try await server.peek()
        #expect(all.map(Array.init) == Array("hello".utf8))
      }
      let start = try await server.read(upTo: 2)
      let rest = try await server.read()
      #expect(start.map(Array.init) == Array("he".utf8) && rest.map(Array.init) == Array("llo".utf8))
      // What comes after the peeks is still reported.
      let later = spawn { try await server.peek() }
      try await settle()
      #expect(!later.isDone)
      try await client.write("x")
      #expect(try await later.value?.count == 1)
      #expect(try await server.read()?.count == 1)
      try await client.finish()
      #expect(try await server.peek() == nil)
      #expect(try await server.read() == nil)
      try await close(client, server)
      #expect(await failure { try await server.peek() } == .closed(.stream))
    }
  }

  @Test func `a peek that is cancelled and one at a broken connection fail as a read does`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let peeking = spawn { try await server.peek() }
      try await settle()
      peeking.cancel()
      await #expect(throws: CancellationError.self) { try await peeking.value }
      client.abort()
      #expect(await failure { try await server.peek() } == .io(.read, .connectionReset))
      #expect(await failure { try await server.read() } == .io(.read, .connectionReset))
      server.abort()
    }
  }

  @Test func `a close waits as long as its option says`() async throws {
    try await runOnSockets { sockets in
      var (clientOptions, serverOptions) = narrow()
      clientOptions.closeTimeout = .zero
      serverOptions.connection.closeTimeout = .milliseconds(60)
      for (isServer, least, most) in [(false, 0, 50), (true, 60, 900)] {
        let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
        let (closing, other) = isServer ? (server, client) : (client, server)
        // The other end does not read: what is written is not taken.
        while try closing.tryWrite(pattern(100_000)) > 0 {}
        let start = EventLoop.current.now
        await closing.close()
        let time = EventLoop.current.now - start
        #expect(time >= .milliseconds(least) && time < .milliseconds(most), "\(time)")
        other.abort()
      }
    }
  }

  @Test func `the time to close can be changed later`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try client.configure(closeTimeout: .milliseconds(20))
      while try client.tryWrite(pattern(1_000_000)) > 0 {}
      let start = EventLoop.current.now
      await client.close()
      let time = EventLoop.current.now - start
      #expect(time >= .milliseconds(20) && time < .milliseconds(900), "\(time)")
      server.abort()
    }
  }
}
