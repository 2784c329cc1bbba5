import EpollLoop
import Glibc
import Testing

@Suite struct WriteTests {
  @Test func `a small write behind one of ten megabytes arrives after it`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let bytes = pattern(10_000_000)
      let (_, _, received) = try await gather(
        { try await client.write(bytes) },
        {
          try await client.write("behind")
          try await client.finish()
        },
        { try await readAll(server) })
      #expect(received == bytes + Array("behind".utf8))
      try await close(client, server)
    }
  }

  @Test func `writes of many tasks go out whole and in the order of the calls`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let writers = spawn {
        _ = try await gather(over: 0..<20) { number in
          try await client.write([UInt8](repeating: UInt8(number), count: 200_000))
        }
        try await client.finish()
      }
      let received = try await readAll(server)
      #expect(received == (0..<20).flatMap { [UInt8](repeating: UInt8($0), count: 200_000) })
      try await writers.value
      try await close(client, server)
    }
  }

  @Test func `short writes keep their exact place`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(400_000)
      let writer = spawn {
        try await client.write(bytes)
        try await client.finish()
      }
      #expect(try await readAll(server) == bytes)
      try await writer.value
      try await close(client, server)
    }
  }

  @Test func `a write waits as long as the peer does not read, and goes on when it does`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(300_000)
      let writer = spawn {
        try await client.write(bytes)
        try await client.finish()
      }
      let before = EventLoop.current.statistics.turns
      try await sleep(for: .seconds(3600))
      #expect(!writer.isDone)
      #expect(EventLoop.current.statistics.turns - before < 100, "A blocked write costs no turns")
      #expect(try await readAll(server) == bytes)
      try await writer.value
      try await close(client, server)
    }
  }

  @Test func `arrays, texts, their parts and chunks can be written, at once and in pieces`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let text = String(repeating: "äöü, ", count: 6000)
      let bytes = Array(text.utf8)
      let part = text.dropFirst(7)
      let short: Substring = "<short>".dropFirst().dropLast()
      let writer = spawn {
        try await client.write("tiny ")
        try await client.write(short)
        try await client.write(text)
        try await client.write(part)
        try await client.write(bytes)
        try await client.write(bytes[1000..<20_000])
        try await client.write(Chunk(bytes)[2000..<30_000])
        try await client.finish()
      }
      let small = Array("tiny short".utf8)
      let parts: [[UInt8]] = [
        small, bytes, Array(part.utf8), bytes, Array(bytes[1000..<20_000]), Array(bytes[2000..<30_000]),
      ]
      #expect(try await readAll(server) == Array(parts.joined()))
      try await writer.value
      try await close(client, server)
    }
  }

  @Test func `a write holds its bytes although the variable that they come from is replaced`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      var bytes = [UInt8](repeating: 1, count: 100_000)
      let writer = spawn {
        try await client.write(bytes)
        try await client.finish()
      }
      await yield()
      bytes = []
      let others = (0..<20).map { _ in [UInt8](repeating: 2, count: 100_000) }
      let received = try await readAll(server)
      #expect(received.count == 100_000 && received.allSatisfy { $0 == 1 })
      #expect(others.allSatisfy { $0.allSatisfy { $0 == 2 } })
      try await writer.value
      try await close(client, server)
    }
  }

  @Test func `what the peer's kernel has not taken is counted, but not the end of the stream`() async throws {
    // In real time: the virtual clock would not wait for an acknowledgement.
    try await runOnSockets(clock: .kernel) { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      #expect(client.unacknowledgedByteCount == 0)
      let writer = spawn {
        try await client.write(pattern(200_000))
        try await client.finish()
      }
      try await settle()
      let count = client.unacknowledgedByteCount
      #expect(0 < count && count < 200_000)
      #expect(try await readAll(server) == pattern(200_000))
      try await writer.value
      while client.unacknowledgedByteCount > 0 { await yield() }
      try await close(client, server)
      #expect(client.unacknowledgedByteCount == 0)
    }
  }

  @Test func `a write that fails says how many bytes have gone, and those behind it that none have`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair(peerReceiveBuffer: 4096)
      let writers = spawn(over: 0..<3) { _ async throws -> ClosedError? in
        do { try await connection.write(pattern(8_000_000)) } catch let error as ClosedError { return error }
        return nil
      }
      try await settle()
      connection.abort()
      var counts: [Int?] = []
      for writer in writers { counts.append(try await writer.value?.writtenByteCount) }
      #expect(counts[0].map { 0 < $0 && $0 < 8_000_000 } == true)
      #expect(counts.dropFirst() == [0, 0])
      do {
        try await connection.finish()
      } catch let error as ClosedError {
        #expect(error.writtenByteCount == nil)
      }
      peer.close()
    }
  }

  @Test func `an empty write sends nothing, and fails where a write would`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try await client.write([])
      try await client.write("")
      try await client.finish()
      #expect(await failure { try await client.write([]) } == .io(.write, .brokenPipe))
      #expect(try await server.read() == nil)
      try await close(client, server)
      #expect(await failure { try await client.write("") } == .closed(.stream))
    }
  }

  @Test func `a write to a peer that has closed is an error and no signal`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGPIPE, SIG_DFL)
      try await runOnSockets { sockets in
        let (peer, connection) = try await sockets.rawPair()
        peer.close()
        var errors: [Failure] = []
        for _ in 0..<100 where errors.count < 3 {
          if let error = await failure({ try await connection.write("x") }) { errors.append(error) }
          await yield()
        }
        #expect(errors.contains(.io(.write, .brokenPipe)) && errors.count == 3)
      }
    }
  }

  @Test func `a reset wakes a blocked writer, and those behind it, with an error`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair(peerReceiveBuffer: 4096)
      let bytes = pattern(8_000_000)
      var failed: [Int] = []
      let writers = spawn {
        await gatherSettled(over: 0..<3) { number in
          #expect(await failure { try await connection.write(bytes) } != nil)
          failed.append(number)
        }
      }
      try await settle()
      peer.reset()
      _ = try await writers.value
      #expect(failed == [0, 1, 2])
    }
  }
}
