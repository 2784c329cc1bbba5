import Glibc
import Testing

@testable import EpollLoop

@Suite struct OptionsTests {
  @Test(arguments: [true, false])
  func `accepted and connected sockets have the options that were asked for`(isOn: Bool) async throws {
    try await runOnSockets { sockets in
      let options = ConnectionOptions(noDelay: isOn, keepAlive: isOn)
      let (client, server) = try await sockets.pair(client: options, server: ListenerOptions(connection: options))
      for connection in [client, server] {
        #expect(try option(Int32(IPPROTO_TCP), TCP_NODELAY, of: connection) == (isOn ? 1 : 0))
        #expect(try option(SOL_SOCKET, SO_KEEPALIVE, of: connection) == (isOn ? 1 : 0))
      }
      try await close(client, server)
    }
  }

  @Test func `options that are left out have their defaults`() {
    let connection = ConnectionOptions(receiveBufferBytes: 1, sendBufferBytes: 2)
    #expect(connection.noDelay)
    #expect(!connection.keepAlive)
    #expect(connection.receiveBufferBytes == 1)
    #expect(connection.sendBufferBytes == 2)
    let listener = ListenerOptions(backlog: 5, reuseAddress: false, reusePort: true, ipv6Only: true)
    #expect(listener.backlog == 5)
    #expect(!listener.reuseAddress)
    #expect(listener.reusePort)
    #expect(listener.ipv6Only)
    #expect(listener.connection.noDelay)
  }

  @Test func `no delay is the default, and keeping alive is not`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      for connection in [client, server] {
        #expect(try option(Int32(IPPROTO_TCP), TCP_NODELAY, of: connection) == 1)
        #expect(try option(SOL_SOCKET, SO_KEEPALIVE, of: connection) == 0)
      }
      try await close(client, server)
    }
  }

  @Test func `options can be changed later, and those that are not named stay`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try client.configure(keepAlive: true)
      #expect(try option(Int32(IPPROTO_TCP), TCP_NODELAY, of: client) == 1)
      #expect(try option(SOL_SOCKET, SO_KEEPALIVE, of: client) == 1)
      try client.configure(noDelay: false)
      #expect(try option(Int32(IPPROTO_TCP), TCP_NODELAY, of: client) == 0)
      #expect(try option(SOL_SOCKET, SO_KEEPALIVE, of: client) == 1)
      try await close(client, server)
    }
  }

  @Test func `buffer sizes reach the kernel on both ends`() async throws {
    try await runOnSockets { sockets in
      let (clientOptions, serverOptions) = narrow()
      let (client, server) = try await sockets.pair(client: clientOptions, server: serverOptions)
      for connection in [client, server] {
        // The kernel doubles the size for its own bookkeeping, socket(7).
        #expect(try option(SOL_SOCKET, SO_SNDBUF, of: connection) == 8192)
        #expect(try option(SOL_SOCKET, SO_RCVBUF, of: connection) == 8192)
      }
      try await close(client, server)
    }
  }

  @Test func `every descriptor is non-blocking and closes on exec`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let (client, server) = try await gather(
        { try await sockets.connect(to: listener) }, { try await sockets.accept(from: listener) })
      for fd in [listener.bound.unchecked.socket.fd, descriptor(of: client), descriptor(of: server)] {
        #expect(fcntl(fd, F_GETFL) & O_NONBLOCK != 0)
        #expect(fcntl(fd, F_GETFD) & FD_CLOEXEC != 0)
      }
      listener.close()
      try await close(client, server)
    }
  }

  @Test func `listeners that share a port share its connections`() async throws {
    try await runOnSockets { sockets in
      var options = ListenerOptions()
      options.reusePort = true
      let first = try sockets.listen(options: options)
      let second = try Listener.tcp(host: sockets.host, port: first.localAddress.port, options: options)
      var counts = [0, 0]
      let serving = spawn {
        try await gather(
          { try await first.serve { _ in counts[0] += 1 } }, { try await second.serve { _ in counts[1] += 1 } })
      }
      for _ in 0..<100 {
        let client = try await sockets.connect(to: first)
        #expect(try await client.read() == nil)
        await client.close()
      }
      #expect(counts[0] > 0 && counts[1] > 0 && counts[0] + counts[1] == 100)
      first.close()
      second.close()
      _ = try await serving.value
    }
  }

  @Test func `a listener on all IPv6 addresses takes IPv4 unless told not to`() async throws {
    try await runOnSockets { sockets in
      for isIPv6Only in [false, true] {
        var options = ListenerOptions()
        options.ipv6Only = isIPv6Only
        let listener = try sockets.listen(host: "::", options: options)
        let port = listener.localAddress.port
        if isIPv6Only {
          let outcome = await failure { try await Connection.tcp(host: "127.0.0.1", port: port) }
          #expect(outcome == .io(.connect, .connectionRefused))
        } else {
          let peer = try RawSocket(connectingTo: SocketAddress(.ipv4(0x7F00_0001, port: port)))
          let connection = try await sockets.accept(from: listener)
          #expect(connection.remoteAddress?.description == "[::ffff:127.0.0.1]:\(peer.address.port)")
        }
        listener.close()
      }
    }
  }
}

private func option(_ level: Int32, _ name: Int32, of connection: Connection) throws -> Int32 {
  try connection.bound.unchecked.socket.option(level, name)
}
