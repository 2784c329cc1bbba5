import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ClosedErrorTests {
  @Test func `whatever is closed throws one error, which names the handle`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      listener.close()
      #expect(await failure { try await listener.accept() } == .closed(.listener))
      let (client, server) = try await sockets.pair()
      try await close(client, server)
      #expect(await failure { try await client.read() } == .closed(.stream))
      #expect(await failure { try await client.finish() } == .closed(.stream))
      let queue = Queue<Int>()
      queue.shutdown()
      #expect(await failure { try await queue.put(1) } == .closed(.queue))
      #expect(await failure { try queue.tryGet() } == .closed(.queue))
      let (sender, receiver) = Channel<Int>.open()
      sender.close()
      #expect(await failure { try await sender.send(1) } == .closed(.channel))
      receiver.close()
      #expect(await failure { try receiver.tryReceive() } == .closed(.channel))
    }
  }

  @Test func `the error of a write has its byte count, and that of another operation none`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      client.abort()
      let write = await #expect(throws: ClosedError.self) { try await client.write("x") }
      #expect(write == ClosedError(.stream, writtenByteCount: 0))
      let read = await #expect(throws: ClosedError.self) { try await client.read() }
      #expect(read == ClosedError(.stream))
      server.abort()
    }
  }

  @Test func `it says what is closed`() {
    #expect(ClosedError(.queue).description == "the queue is closed")
    #expect(ClosedError(.stream, writtenByteCount: 3).description == "the stream is closed (3 bytes were written)")
  }
}
