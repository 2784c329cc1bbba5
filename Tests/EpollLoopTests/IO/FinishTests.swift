import EpollLoop
import Testing

@Suite struct FinishTests {
  @Test func `the peer reads the end after all data, and the other direction goes on`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try await client.write("question")
      try await client.finish()
      #expect(try await readAll(server) == Array("question".utf8))
      #expect(try await server.read() == nil)
      try await server.write("answer")
      #expect(try await read(6, from: client) == Array("answer".utf8))
      try await server.finish()
      #expect(try await client.read() == nil)
      try await close(client, server)
    }
  }

  @Test func `both ends may finish at once`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      let (fromServer, fromClient, _, _) = try await gather(
        { try await readAll(client) }, { try await readAll(server) },
        {
          try await client.write("a")
          try await client.finish()
        },
        {
          try await server.write("b")
          try await server.finish()
        })
      #expect(fromServer == Array("b".utf8))
      #expect(fromClient == Array("a".utf8))
      try await close(client, server)
    }
  }

  @Test func `after a finish, a second one and a write are errors`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try await client.finish()
      #expect(await failure { try await client.finish() } == .io(.finish, .brokenPipe))
      #expect(await failure { try await client.write("x") } == .io(.write, .brokenPipe))
      try await close(client, server)
      #expect(await failure { try await client.finish() } == .closed(.stream))
    }
  }

  @Test func `a finish waits for the write that is under way, and fails the one behind it`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(200_000)
      let writer = spawn { try await client.write(bytes) }
      let finisher = spawn { try await client.finish() }
      let late = spawn { await failure { try await client.write("late") } }
      try await settle()
      #expect(!finisher.isDone)
      #expect(try await readAll(server) == bytes)
      try await writer.value
      try await finisher.value
      #expect(try await late.value == .io(.write, .brokenPipe))
      try await close(client, server)
    }
  }

  @Test func `a cancelled finish has ended nothing`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      let bytes = pattern(200_000)
      let writer = spawn { try await client.write(bytes) }
      let finisher = spawn { await failure { try await client.finish() } }
      try await settle()
      finisher.cancel()
      #expect(try await finisher.value == .cancelled)
      #expect(try await read(bytes.count, from: server) == bytes)
      try await writer.value
      try await client.write("more")
      #expect(try await read(4, from: server) == Array("more".utf8))
      try await close(client, server)
    }
  }

  @Test func `a finish whose turn comes after the close fails, and touches no other connection`() async {
    await #expect(processExitsWith: .success) {
      try await runOnSockets { sockets in
        try await untilNumberIsReused { try await finishTooLate(sockets) }
      }
    }
  }
}

/// A finish gets its turn, and before it runs its connection is broken off and another one accepted.
///
/// - Returns: Whether the other one has got the same number, and so tested something.
private func finishTooLate(_ sockets: Sockets) async throws -> Bool {
  let (clientOptions, serverOptions) = narrow()
  let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
  let listener = try sockets.listen()
  let peer = try RawSocket(connectingTo: listener.localAddress)
  let number = descriptor(of: client)
  let writer = spawn {
    try await client.write(pattern(200_000))
    // The finish has the turn now, and runs after this.
    client.abort()
    return try await sockets.accept(from: listener)
  }
  let finisher = spawn { await failure { try await client.finish() } }
  try await settle()
  _ = await failure { try await readAll(server) }
  let next = try await writer.value
  #expect(try await finisher.value == .closed(.stream))
  try await next.write("alive")
  #expect(try peer.receive() == Array("alive".utf8))
  next.abort()
  listener.close()
  server.abort()
  return descriptor(of: next) == number
}
