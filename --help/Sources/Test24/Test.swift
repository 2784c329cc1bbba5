import Echo
import EpollLoop
import EpollLoopTesting
import Testing

@Test func `an answer is the question`() throws {
  try runOnLoop {
    let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
    let server = spawn { try await serveEcho(on: listener) }
    let answer = try await ask(listener.localAddress, "hello")
    #expect(answer == "hello")
    server.cancel()
    await #expect(throws: CancellationError.self) { try await server.value }
  }
}

@Test func `a sleep of a day ends after a day`() throws {
  try runOnLoop {
    let start = EventLoop.current.now
    try await sleep(for: .seconds(86_400))
    #expect(EventLoop.current.now - start == .seconds(86_400))
  }
}
