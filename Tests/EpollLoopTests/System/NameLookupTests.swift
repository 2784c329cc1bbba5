import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

@Suite struct NameLookupTests {
  @Test func `a name that cannot be looked up is an error of its own`() async throws {
    try await runOnLoop {
      let error = await #expect(throws: NameLookupError.self) {
        try await SocketAddress.resolve(host: "no-such-host.invalid", port: 80)
      }
      #expect(error?.host == "no-such-host.invalid")
      // A machine without a network reports a failure that may pass.
      let codes: [NameLookupError.Code] = [.noName, .noAddress, .temporary, .permanent, .system]
      #expect(error.map { codes.contains($0.code) } == true)
    }
  }

  @Test func `connecting to an unknown name throws the error of the look-up`() async throws {
    try await runOnLoop {
      _ = await #expect(throws: NameLookupError.self) {
        try await Connection.tcp(host: "no-such-host.invalid", port: 80)
      }
    }
  }

  @Test func `a look-up error has the system's text, and errno only if a system call failed`() {
    let noName = NameLookupError(host: "x", .noName, systemError: .noSuchEntry)
    #expect(noName.systemError == nil)
    #expect(noName.description == "cannot look up 'x': Name or service not known")
    let system = NameLookupError(host: "x", .system, systemError: .tooManyOpenFiles)
    #expect(system.systemError == .tooManyOpenFiles)
    #expect(system.description == "cannot look up 'x': Too many open files")
    #expect(NameLookupError.Code.noAddress.description == "No address associated with hostname")
  }

  @Test(arguments: ["127.0.0.1\0.example", "localhost\0", "\0"])
  func `a host name that contains a NUL is refused`(host: String) async throws {
    try await runOnLoop {
      #expect(
        await failure { try await SocketAddress.resolve(host: host, port: 80) } == .io(.resolve, .invalidArgument))
      #expect(await failure { try await Connection.tcp(host: host, port: 80) } == .io(.resolve, .invalidArgument))
      #expect(await failure { try Listener.tcp(host: host, port: 0) } == .io(.listen, .invalidArgument))
    }
  }
}
