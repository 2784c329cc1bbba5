@testable import EpollLoop
import Glibc
import EpollLoopTesting
import Testing

/// What happens when descriptors run out: each test in a process of its own.
@Suite struct ShortageTests {
  @Test func `without descriptors accepting pauses and does not spin`() async {
    await #expect(processExitsWith: .success) {
      try runOnOwnDescriptors { sockets in
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
      try runOnOwnDescriptors { sockets in
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
      try runOnOwnDescriptors { sockets in
        for isCancel in [true, false] {
          let listener = try sockets.listen()
          let peer = try RawSocket(connectingTo: listener.localAddress)
          let shortage = Shortage()
          let accepting = spawn { await failure { try await listener.accept() } }
          try await settle()
          let now = EventLoop.current.now
          if isCancel { accepting.cancel() } else { listener.close() }
          #expect(try await accepting.value == (isCancel ? .cancelled : .closed(.listener)))
          // Not when the pause would have been over.
          #expect(EventLoop.current.now == now)
          listener.close()
          shortage.end()
          peer.close()
        }
      }
    }
  }

  @Test func `a second task that accepts during a pause traps`() async {
    await #expect(processExitsWith: .failure) {
      try runOnOwnDescriptors { sockets in
        let listener = try sockets.listen()
        let peer = try RawSocket(connectingTo: listener.localAddress)
        let shortage = Shortage()
        spawn { try await listener.accept() }
        await yield()
        shortage.end()
        _ = try await listener.accept()
        peer.close()
        exit(0)
      }
    }
  }

  @Test func `without descriptors connecting is an error`() async {
    await #expect(processExitsWith: .success) {
      try runOnOwnDescriptors { sockets in
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
      try onOwnDescriptors {
        let shortage = Shortage()
        #expect(throws: noLoop) { try EventLoop() }
        shortage.end()
      }
    }
  }

  @Test func `a loop that lacks one of its descriptors gives back those that it has got`() async {
    await #expect(processExitsWith: .success) {
      try onOwnDescriptors {
        let before = Set(openDescriptors())
        for spare in 0..<3 {
          let shortage = Shortage(butFor: spare)
          #expect(throws: noLoop) { try EventLoop() }
          shortage.end()
          #expect(Set(openDescriptors()) == before)
        }
        let shortage = Shortage(butFor: 3)
        #expect(throws: Never.self) { _ = try EventLoop() }
        shortage.end()
        #expect(Set(openDescriptors()) == before)
      }
    }
  }
}

/// The error when a loop gets no descriptor.
private let noLoop = IOError(.makeLoop, .tooManyOpenFiles)

/// Runs a test's body on a loop whose descriptors no other thread of this process shares.
private func runOnOwnDescriptors(_ body: @escaping @Sendable (Sockets) async throws -> Void) throws {
  try onOwnDescriptors {
    let sockets = Sockets()
    try runOnLoop { try await body(sockets) }
    #expect(sockets.open.isEmpty, "A socket was left open")
  }
}

/// Runs a body on a thread that has a table of descriptors of its own, unshare(2), and waits for its end.
///
/// The other threads are the test library's and Dispatch's: they open descriptors when they please, and trap
/// if they get none.
func onOwnDescriptors(_ body: @escaping @Sendable () throws -> Void) throws {
  // A loop that spins or hangs ends this process, and so fails its test.
  alarm(60)
  let address = try #require(dlsym(nil, "unshare"))
  let unshare = unsafeBitCast(address, to: (@convention(c) (Int32) -> Int32).self)
  let ended = Gate()
  try Thread.start(named: "own descriptors") {
    let cloneFiles: Int32 = 0x400  // CLONE_FILES of sched.h
    #expect(unshare(cloneFiles) == 0)
    #expect(throws: Never.self) { try body() }
    ended.open()
  }
  ended.wait()
}

/// Keeps this thread, whose table of descriptors is its own, from getting any more, or more than a few.
private final class Shortage {
  private var copies: [Int32] = []

  init(butFor spare: Int = 0) {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = min(limit.rlim_cur, 1024)
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    while case let copy = dup(STDERR_FILENO), copy >= 0 { copies.append(copy) }
    #expect(copies.count > spare)
    for _ in 0..<spare { close(copies.removeLast()) }
  }

  /// Ends it.
  func end() {
    copies.forEach { close($0) }
    copies = []
  }
}
