import EpollLoop
import Testing

@Suite struct ReadTests {
  @Test(arguments: ["127.0.0.1", "::1"])
  func `bytes come back from an echo over IPv4 and IPv6`(host: String) async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair(host: host)
      let echo = spawn { while let chunk = try await server.read() { try await server.write(chunk) } }
      try await client.write("hello")
      #expect(try await read(5, from: client) == Array("hello".utf8))
      #expect(client.remoteAddress == server.localAddress)
      #expect(server.remoteAddress == client.localAddress)
      try await client.finish()
      try await echo.value
      try await close(client, server)
    }
  }

  @Test func `a read up to a count returns no more, and the rest with the next read`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("abcdef")
      #expect(try await connection.read(upTo: 4).map { Array($0) } == Array("abcd".utf8))
      #expect(try await connection.read(upTo: 4).map { Array($0) } == Array("ef".utf8))
      peer.finish()
      #expect(try await connection.read(upTo: 4) == nil)
      #expect(try await connection.read(upTo: 4) == nil)
    }
  }

  @Test func `a read up to more than 64 KiB returns 64 KiB at most`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let bytes = pattern(100_000)
      let reader = spawn {
        // Once all is there a read could return it at once.
        try await settle()
        return try await connection.read(upTo: .max)
      }
      try peer.send(bytes)
      #expect(try await reader.value.map { Array($0) } == Array(bytes.prefix(65_536)))
    }
  }

  @Test func `iterating gives every chunk until the peer ends its direction`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let bytes = pattern(300_000)
      let writer = spawn {
        try await client.write(bytes)
        try await client.finish()
      }
      var received: [UInt8] = []
      for try await chunk in server { received += chunk }
      #expect(received.elementsEqual(bytes), "\(received.count) of \(bytes.count) bytes")
      try await writer.value
      try await close(client, server)
    }
  }

  @Test func `chunks that are kept stay intact while reading goes on`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let bytes = pattern(500_000)
      let writer = spawn {
        try await client.write(bytes)
        try await client.finish()
      }
      // One of two is dropped, so that its buffer is used again between those that are kept.
      var kept: [(offset: Int, chunk: Chunk)] = []
      var offset = 0
      var isKept = false
      while let chunk = try await server.read() {
        isKept.toggle()
        if isKept { kept.append((offset, chunk)) }
        offset += chunk.count
      }
      #expect(offset == bytes.count)
      for (offset, chunk) in kept { #expect(chunk.elementsEqual(bytes[offset...].prefix(chunk.count))) }
      try await writer.value
      try await close(client, server)
    }
  }

  @Test func `a chunk of before is untouched by the next read into the same buffer`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("first")
      let first = try await connection.read()
      let part = first.map { $0[1..<3] }
      try peer.send("second")
      let second = try await connection.read()
      try peer.send("third")
      _ = try await connection.read()
      #expect(first.map { Array($0) } == Array("first".utf8))
      #expect(part.map { Array($0) } == Array("ir".utf8))
      #expect(second.map { Array($0) } == Array("second".utf8))
    }
  }

  @Test func `ten megabytes go both ways at once, every byte in its place`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let bytes = pattern(10_000_000)
      let (_, back, _) = try await gather(
        {
          try await client.write(bytes)
          try await client.finish()
        },
        { try await readAll(client) },
        {
          for try await chunk in server { try await server.write(chunk) }
          try await server.finish()
        })
      #expect(back == bytes)
      try await close(client, server)
    }
  }

  @Test func `the end is not missed when it arrives together with data before the first read`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("last words")
      peer.finish()
      #expect(try await readAll(connection) == Array("last words".utf8))
      #expect(try await connection.read() == nil)
    }
  }

  @Test func `the end is not missed when it arrives together with data for a waiting reader`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let reader = spawn { try await readAll(connection) }
      try await settle()
      try peer.send("last words")
      peer.close()
      #expect(try await reader.value == Array("last words".utf8))
    }
  }

  @Test func `the end is not missed when it arrives between the data's event and its read`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("data")
      // The loop hears of the data, and nobody reads it yet.
      try await settle()
      peer.finish()
      #expect(try await readAll(connection) == Array("data".utf8))
    }
  }

  @Test func `a reset gives a waiting reader ECONNRESET`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let reader = spawn { await failure { try await connection.read() } }
      try await settle()
      peer.reset()
      #expect(try await reader.value == .io(.read, .connectionReset))
    }
  }

  @Test func `a reset before the read gives ECONNRESET after the data that came first`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("data")
      try await settle()
      peer.reset()
      #expect(try await read(4, from: connection) == Array("data".utf8))
      #expect(await failure { try await connection.read() } == .io(.read, .connectionReset))
    }
  }

  @Test(arguments: [true, false])
  func `a reset stays an error, although a write, or a read, has reported it before`(byWrite: Bool) async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      try peer.send("data")
      try await settle()
      peer.reset()
      if byWrite {
        #expect(await failure { try await connection.write("x") } == .io(.write, .connectionReset))
      }
      // What has arrived is read first.
      #expect(try await read(4, from: connection) == Array("data".utf8))
      // The kernel reports it once; after that it reports the end.
      for _ in 0..<3 {
        #expect(await failure { try await connection.read() } == .io(.read, .connectionReset))
      }
    }
  }

  @Test func `urgent data does not stall the stream behind it`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let reader = spawn { try await readAll(connection) }
      try await settle()
      try peer.send("before ")
      try peer.send("!", urgent: true)
      try peer.send("behind")
      peer.finish()
      #expect(try await reader.value == Array("before behind".utf8))
    }
  }

  @Test func `urgent data alone does not end or wake a reader with nothing`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let reader = spawn { try await connection.read() }
      try await settle()
      try peer.send("!", urgent: true)
      try await settle()
      #expect(!reader.isDone)
      try peer.send("x")
      #expect(try await reader.value.map { Array($0) } == Array("x".utf8))
    }
  }

  @Test func `a connection that waits to read costs no turns`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let reader = spawn { try await connection.read() }
      try await settle()
      let before = EventLoop.current.statistics
      try await sleep(for: .seconds(3600))
      #expect(EventLoop.current.statistics.turns - before.turns <= 2)
      try peer.send("x")
      _ = try await reader.value
    }
  }

  @Test func `a second reader traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnSockets { sockets in
        let (_, connection) = try await sockets.rawPair()
        _ = try await gather({ try await connection.read() }, { try await connection.read() })
      }
    }
    #expect(names("Only one task may read from a connection at a time", result))
  }

  @Test func `a read up to no byte traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnSockets { sockets in
        let (_, connection) = try await sockets.rawPair()
        _ = try await connection.read(upTo: 0)
      }
    }
    #expect(names("its count must be greater than zero", result))
  }
}
