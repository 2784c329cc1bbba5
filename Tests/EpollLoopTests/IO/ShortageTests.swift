import EpollLoop
import Glibc
import Testing

/// What happens when descriptors run out: each test in a process of its own, whose limit it lowers.
@Suite struct ShortageTests {
  @Test func `without descriptors accepting pauses and does not spin`() async {
    await #expect(processExitsWith: .success) {
      try runOnSockets { sockets in
        let listener = try sockets.listen()
        let peer = try RawSocket(connectingTo: listener.localAddress)
        let shortage = Shortage()
        let accepting = spawn { try await sockets.accept(from: listener) }
        await yield()
        let before = EventLoop.current.statistics
        try await sleep(for: .seconds(10))
        let after = EventLoop.current.statistics
        // One attempt every 50 ms.
        #expect(!accepting.isDone)
        #expect(190...210 ~= after.turns - before.turns)
        #expect(after.polls - before.polls <= 500)
        shortage.end()
        let connection = try await accepting.value
        try peer.send("x")
        #expect(try await read(1, from: connection) == Array("x".utf8))
        listener.close()
      }
    }
  }

  @Test func `serving goes on when descriptors return, and nobody who waited is lost`() async {
    await #expect(processExitsWith: .success) {
      try runOnSockets { sockets in
        let listener = try sockets.listen()
        let peers = try (0..<10).map { _ in try RawSocket(connectingTo: listener.localAddress) }
        let shortage = Shortage()
        var served = 0
        let serving = spawn {
          try await listener.serve(onError: { error, _ in Issue.record(error) }) { connection in
            served += 1
            try await connection.write("x")
            _ = try await connection.read()
          }
        }
        try await sleep(for: .seconds(1))
        #expect(served == 0)
        shortage.end()
        try await sleep(for: .seconds(1))
        #expect(served == 10)
        peers.forEach { $0.finish() }
        try await settle()
        listener.close()
        try await serving.value
      }
    }
  }

  @Test func `a pause ends with an error if the listener is closed, and with a cancel`() async {
    await #expect(processExitsWith: .success) {
      try runOnSockets { sockets in
        for isCancel in [true, false] {
          let listener = try sockets.listen()
          let peer = try RawSocket(connectingTo: listener.localAddress)
          let shortage = Shortage()
          let accepting = spawn { await failure { try await listener.accept() } }
          try await settle()
          if isCancel { accepting.cancel() } else { listener.close() }
          #expect(try await accepting.value == (isCancel ? .cancelled : .io(.accept, .badFileDescriptor)))
          listener.close()
          shortage.end()
          peer.close()
        }
      }
    }
  }

  @Test func `without descriptors connecting is an error`() async {
    await #expect(processExitsWith: .success) {
      try runOnSockets { sockets in
        let listener = try sockets.listen()
        let shortage = Shortage()
        #expect(await failure { try await sockets.connect(to: listener) } == .io(.connect, .tooManyOpenFiles))
        #expect(await failure { try Listener.tcp(host: "127.0.0.1", port: 0) } == .io(.listen, .tooManyOpenFiles))
        shortage.end()
        listener.close()
      }
    }
  }

  @Test func `without descriptors making a loop is an error`() async {
    await #expect(processExitsWith: .success) {
      let shortage = Shortage()
      #expect(await failure { try EventLoop() } == .io(.makeLoop, .tooManyOpenFiles))
      shortage.end()
    }
  }

  @Test func `a loop that lacks one of its descriptors gives back those that it has got`() async {
    await #expect(processExitsWith: .success) {
      let before = Set(openDescriptors())
      for spare in 0..<3 {
        let shortage = Shortage(butFor: spare)
        #expect(await failure { try EventLoop() } == .io(.makeLoop, .tooManyOpenFiles))
        shortage.end()
        #expect(Set(openDescriptors()) == before)
      }
      let shortage = Shortage(butFor: 3)
      _ = try EventLoop()
      shortage.end()
      #expect(Set(openDescriptors()) == before)
    }
  }
}

/// Keeps this process from getting any more descriptors, or more than a few.
private final class Shortage {
  private var limit = rlimit()

  init(butFor spare: Int = 0) {
    // A loop that spins or hangs ends this process, and so fails its test.
    alarm(20)
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    // The limit is for the number of a new descriptor; what is open stays, getrlimit(2).
    var lower = rlimit(rlim_cur: 0, rlim_max: limit.rlim_max)
    for _ in 0..<spare { lower.rlim_cur = Shortage.firstFree(from: lower.rlim_cur) + 1 }
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &lower)
  }

  /// The lowest number from here on that no descriptor has.
  private static func firstFree(from number: rlim_t) -> rlim_t {
    var number = number
    while fcntl(Int32(number), F_GETFD) >= 0 { number += 1 }
    return number
  }

  /// Ends it.
  func end() {
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  }
}
