import EpollLoopTesting
import Synchronization
import Testing

@testable import EpollLoop

/// When descriptors close, and that a number that is in use again misleads nobody.
@Suite struct StreamDescriptorTests {
  @Test func `dropping the last reference closes the connection, without a reset`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      var last: Connection? = consume connection
      try await last?.write("goodbye")
      #expect(EventLoop.current.census.registrations == 1)
      last = nil
      #expect(EventLoop.current.census.registrations == 0)
      #expect(try peer.receiveAll() == Array("goodbye".utf8))
    }
  }

  @Test func `dropping the last reference to a listener closes it`() async throws {
    try await runOnSockets { sockets in
      var listener: Listener? = try sockets.listen()
      let address = try #require(listener?.localAddress)
      listener = nil
      #expect(EventLoop.current.census.registrations == 0)
      #expect(await refuses(address))
    }
  }

  @Test func `the last reference may be dropped on another thread`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      try drop(consume client)
      #expect(try await server.read() == nil)
      #expect(EventLoop.current.census.registrations == 1)
      server.abort()
    }
  }

  @Test func `the last reference may be dropped after the run has ended`() throws {
    let loop = try EventLoop(clock: .virtual)
    let sockets = Sockets()
    var pair: (Connection, Connection)? = try loop.run {
      let (client, server) = try await sockets.pair()
      return (client, server)
    }
    #expect(pair?.0 !== pair?.1)
    #expect(sockets.open.count == 2)
    pair = nil
    #expect(sockets.open.isEmpty)
  }

  @Test func `a reference that is dropped on another thread as the run ends closes its descriptor`() throws {
    let sockets = Sockets()
    try {
      let loop = try EventLoop(clock: .virtual)
      try loop.run {
        let (client, server) = try await sockets.pair()
        server.abort()
        let isDropped = Flag()
        try drop(consume client, isDropped)
        // The loop learns of it only after this, and there is nothing after this.
        while !isDropped.value.load(ordering: .acquiring) {}
      }
    }()
    #expect(sockets.open.isEmpty)
  }

  @Test func `an event that came in one batch with a close reaches nobody, though its number is used again`() async {
    await #expect(processExitsWith: .success) {
      try await runOnSockets { sockets in
        try await untilNumberIsReused { try await closeOneOfTwo(sockets) }
      }
    }
  }

  @Test func `many loops and connections leave no descriptor`() async {
    await #expect(processExitsWith: .success) {
      let before = (openDescriptors(), openSocketInodes())
      for clock in [EventLoop.Clock.virtual, .kernel] {
        for _ in 0..<10 {
          try await runOnSockets(clock: clock) { sockets in
            let (client, server) = try await sockets.pair()
            try await client.write("x")
            _ = try await server.read()
            try await close(client, server)
            let (one, _) = try await sockets.pair()
            one.abort()
          }
        }
      }
      #expect(openSocketInodes().subtracting(before.1).isEmpty)
      // The test library may have opened some of its own; twenty loops would have left sixty.
      #expect(openDescriptors().count < before.0.count + 20)
    }
  }

  @Test func `a connection used on another loop's thread traps and names the cure`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let sockets = Sockets()
      let (peer, stray) = try EventLoop().run { try await sockets.rawPair() }
      try peer.send("x")
      try await runOnLoop { _ = try await stray.read() }
    }
    #expect(names("carry the work over with loop.execute", result))
  }
}

/// Two connections become ready at once; the reader of the first closes the second, and takes a third.
///
/// - Returns: Whether the third has got the number of the second, and so tested something.
private func closeOneOfTwo(_ sockets: Sockets) async throws -> Bool {
  let (firstPeer, first) = try await sockets.rawPair()
  let (secondPeer, second) = try await sockets.rawPair()
  let listener = try sockets.listen()
  let thirdPeer = try RawSocket(connectingTo: listener.localAddress)
  let number = descriptor(of: second)
  let closing = spawn {
    _ = try await first.read()
    second.abort()
    return try await sockets.accept(from: listener)
  }
  let reading = spawn { await failure { try await second.read() } }
  try await settle()
  try firstPeer.send("1")
  try secondPeer.send("2")
  let third = try await closing.value
  #expect(try await reading.value == .closed(.stream))
  let reader = spawn { try await third.read().map { Array($0) } }
  try await settle()
  #expect(!reader.isDone)
  try thirdPeer.send("3")
  #expect(try await reader.value == Array("3".utf8))
  listener.close()
  first.abort()
  return descriptor(of: third) == number
}

/// Something that another thread tells this one.
private final class Flag: Sendable {
  let value = Atomic(false)
}

/// Drops a reference on a thread of its own.
private func drop(_ connection: consuming Connection, _ isDropped: Flag = Flag()) throws {
  let address = UInt(bitPattern: Unmanaged.passRetained(connection).toOpaque())
  try Thread.start(named: "drop") {
    UnsafeRawPointer(bitPattern: address).map { Unmanaged<Connection>.fromOpaque($0).release() }
    isDropped.value.store(true, ordering: .releasing)
  }
}
