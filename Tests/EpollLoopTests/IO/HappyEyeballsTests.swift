import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct HappyEyeballsTests {
  @Test func `families take turns, beginning with the system's choice`() throws {
    let addresses = ["::1", "::2", "127.0.0.1", "::3"].compactMap { SocketAddress(numericHost: $0, port: 1) }
    #expect(SocketAddress.alternatingFamilies(addresses).map(\.host) == ["::1", "127.0.0.1", "::2", "::3"])
  }

  @Test func `the last address's error is thrown when all refuse`() async throws {
    try await runOnLoop(clock: .kernel) {
      let addresses = ["::1", "127.0.0.1"].compactMap { SocketAddress(numericHost: $0, port: 1) }
      let error = await #expect(throws: IOError.self) {
        try await Connection.tcp(toFirstOf: addresses, options: ConnectionOptions())
      }
      #expect(error == IOError(.connect, .connectionRefused, "127.0.0.1:1"))
    }
  }

  @Test func `a name that has an address that refuses and one that answers connects`() async throws {
    try await runOnLoop(clock: .kernel) {
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
