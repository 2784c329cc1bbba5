import Testing

@testable import EpollLoop

/// What happens when a connection has been accepted and the loop cannot watch it, epoll_ctl(2).
@Suite struct WatchShortageTests {
  @Test(arguments: [Errno.noSpace, .noMemory])
  func `a connection that cannot be watched waits in the listener until it can`(reason: Errno) async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let first = try RawSocket(connectingTo: listener.localAddress)
      let second = try RawSocket(connectingTo: listener.localAddress)
      refuse(3, reason, of: listener)
      let start = EventLoop.current.now
      let one = try await sockets.accept(from: listener)
      // An attempt every 50 ms; the fourth one succeeds.
      #expect(EventLoop.current.now - start == .milliseconds(150))
      let other = try await sockets.accept(from: listener)
      #expect([one.remoteAddress, other.remoteAddress] == [first.address, second.address])
      try first.send("first")
      #expect(try await read(5, from: one) == Array("first".utf8))
      listener.close()
    }
  }

  @Test func `an accept that is cancelled in the pause leaves the connection to the next`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let peer = try RawSocket(connectingTo: listener.localAddress)
      refuse(1, .noSpace, of: listener)
      let accepting = spawn { await failure { try await listener.accept() } }
      try await settle()
      accepting.cancel()
      #expect(try await accepting.value == .cancelled)
      #expect(try await sockets.accept(from: listener).remoteAddress == peer.address)
      listener.close()
    }
  }

  @Test(arguments: [true, false])
  func `a listener that is closed, or dropped, closes the connection that cannot be watched`(isClose: Bool) async throws
  {
    try await runOnSockets { sockets in
      var listener: Listener? = try sockets.listen()
      let peer = try RawSocket(connectingTo: try #require(listener).localAddress)
      refuse(.max, .noSpace, of: try #require(listener))
      let accepting = spawn { [listener] in await failure { try await listener?.accept() } }
      try await settle()
      if isClose { listener?.close() } else { accepting.cancel() }
      #expect(try await accepting.value == (isClose ? .closed(.listener) : .cancelled))
      listener = nil
      #expect(try peer.receive().isEmpty)
    }
  }
}

/// Makes a listener fail to watch its next `count` connections.
private func refuse(_ count: Int, _ reason: Errno, of listener: Listener) {
  let state = listener.bound.unchecked
  let register = state.register
  var left = count
  state.register = { fd throws(Errno) in
    guard left > 0 else { return try register(fd) }
    left -= 1
    throw reason
  }
}
