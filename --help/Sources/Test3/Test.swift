import EpollLoop
import EpollLoopTesting
import Testing

@Test func `a request is given up after half a minute`() throws {
  try runOnLoop {
    let start = EventLoop.current.now
    await #expect(throws: IOError.self) {
      try await withTimeout(.seconds(30)) { try await sleep(for: .seconds(3600)) }
    }
    #expect(EventLoop.current.now - start == .seconds(30))
  }
}
