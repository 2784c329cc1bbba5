import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct HappyEyeballsTests {
  private struct Refused: Error, Equatable {
    let number: Int
  }

  @Test func `families take turns, beginning with the system's choice`() throws {
    let addresses = ["::1", "::2", "127.0.0.1", "::3"].compactMap { SocketAddress(numericHost: $0, port: 1) }
    #expect(SocketAddress.alternatingFamilies(addresses).map(\.host) == ["::1", "127.0.0.1", "::2", "::3"])
  }

  @Test func `the next address is tried after the delay, and the first answer wins`() throws {
    try runOnLoop {
      var started: [Duration] = []
      let winner = try await race(
        staggeredBy: .milliseconds(250),
        (0..<3).map { number in
          { () async throws -> Int in
            started.append(EventLoop.current.now - Instant(nanoseconds: 0))
            try await sleep(for: .milliseconds([1000, 300, 10][number]))
            return number
          }
        })
      #expect(winner == 2)
      #expect(started == [.zero, .milliseconds(250), .milliseconds(500)])
      #expect(EventLoop.current.now == Instant(nanoseconds: 510_000_000))
    }
  }

  @Test func `a refusal starts the next one at once`() throws {
    try runOnLoop {
      let winner = try await race(
        staggeredBy: .seconds(1),
        [
          { () async throws -> Int in throw Refused(number: 0) },
          { 1 },
        ])
      #expect(winner == 1)
      #expect(EventLoop.current.now == Instant(nanoseconds: 0))
    }
  }

  @Test func `the last error is thrown when all fail`() throws {
    try runOnLoop {
      let failure = await #expect(throws: Refused.self) {
        try await race(
          staggeredBy: .seconds(1),
          (0..<3).map { number in
            { () async throws -> Int in throw Refused(number: number) }
          })
      }
      #expect(failure?.number == 2)
    }
  }

  @Test func `a cancelled race cancels all runners`() throws {
    try runOnLoop {
      let task = spawn {
        try await race(
          staggeredBy: .milliseconds(1),
          (0..<3).map { _ in
            { () async throws -> Int in
              try await sleep(for: .seconds(100))
              return 0
            }
          })
      }
      try await sleep(for: .milliseconds(10))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(EventLoop.current.now == Instant(nanoseconds: 10_000_000))
    }
  }

  @Test func `a name that has an address that refuses and one that answers connects`() throws {
    try runOnLoop(clock: .kernel) {
      let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
      let port = listener.localAddress.port
      let addresses = ["::1", "127.0.0.1"].compactMap { SocketAddress(numericHost: $0, port: port) }
      let connection = try await Connection.tcp(toFirstOf: addresses, options: ConnectionOptions())
      #expect(connection.remoteAddress?.host == "127.0.0.1")
      connection.abort()
      listener.close()
    }
  }
}
