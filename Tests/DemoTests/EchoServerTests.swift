import Glibc
import Testing

@Suite(.serialized) struct EchoServerTests {
  @Test(arguments: [SIGINT, SIGTERM])
  func `a signal ends it with one line of what it has done`(signal: Int32) throws {
    let server = try Server()
    for _ in 0..<3 { #expect(try Client(server.port).echo("hello")) }
    let (connections, bytes) = try server.stop(with: signal)
    #expect(connections == 3)
    #expect(bytes == 15)
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `after a signal idle connections end at once, long before the grace is over`(signal: Int32) throws {
    let server = try Server(["--grace", "60"])
    let idle = try (0..<3).map { _ in try Client(server.port) }
    for client in idle { #expect(try client.echo("x")) }
    let start = Program.now()
    #expect(try server.stop(with: signal).connections == 3)
    #expect(Program.now() - start < 10_000)
    for client in idle { #expect(try client.receive() == "") }
  }

  @Test func `after a signal it accepts nobody, and a busy connection still gets its bytes`() throws {
    let server = try Server(["--grace", "20"])
    let busy = try Client(server.port, receiveBuffer: 4096)
    #expect(busy.stuff(atMost: 300_000) > 0)
    server.program.signal(SIGTERM)
    waitUntilClosed(server)
    #expect(throws: Program.Failure.self) { try Client(server.port) }
    var received = 0
    while case let text = try busy.receive(), !text.isEmpty { received += text.utf8.count }
    let line = try #require(try server.program.line())
    #expect(received > 4096 && line.contains(" \(received) bytes"), "\(received) of: \(line)")
    #expect(try server.program.wait() == .code(0))
  }

  @Test func `the grace has an end`() throws {
    let server = try Server(["--grace", "0.3"])
    let client = try stuckClient(of: server)
    let start = Program.now()
    #expect(try server.stop().connections == 1)
    #expect(300...10_000 ~= Program.now() - start)
    client.reset()
  }

  @Test func `a second signal ends it at once`() throws {
    let server = try Server(["--grace", "1000"])
    let client = try stuckClient(of: server)
    server.program.signal(SIGINT)
    waitUntilClosed(server)
    server.program.signal(SIGINT)
    #expect(try server.program.wait(within: 10) != .code(0))
    client.reset()
  }

  @Test func `it serves no more at once than it is told`() throws {
    let server = try Server(["--max-connections", "1"])
    let first = try Client(server.port)
    #expect(try first.echo("1"))
    let second = try Client(server.port)
    try second.send("2")
    #expect(try first.echo("still the only one"))
    first.finish()
    #expect(try first.receive() == "")
    #expect(try second.receive() == "2")
    second.finish()
    #expect(try second.receive() == "")
    #expect(try server.stop().connections == 2)
  }

  @Test func `an idle connection is broken off, and a busy one is not`() throws {
    let server = try Server(["--idle-timeout", "1.5"])
    let idle = try Client(server.port)
    let busy = try Client(server.port)
    let start = Program.now()
    while Program.now() - start < 2500 {
      #expect(try busy.echo("x"))
      _ = poll(nil, 0, 20)
    }
    #expect(throws: Program.Failure.self) {
      if try idle.receive() == "" { throw Program.Failure(description: "the end, not a reset") }
    }
    busy.finish()
    #expect(try busy.receive() == "")
    #expect(try server.stop().connections == 2)
  }

  @Test func `a client that reads slowly but steadily is not idle`() throws {
    let server = try Server(["--idle-timeout", "1"])
    let slow = try Client(server.port, receiveBuffer: 16_384)
    let sent = slow.stuff(atMost: 2_000_000)
    var received = 0
    let start = Program.now()
    while Program.now() - start < 3000 {
      received += try slow.receive(2048).utf8.count
      _ = poll(nil, 0, 20)
    }
    // Far less than the kernels hold: the write has been under way all the time.
    #expect(received < sent / 2)
    slow.finish()
    while case let count = try slow.receive().utf8.count, count > 0 { received += count }
    #expect(received == sent)
    #expect(try server.stop().bytes == sent)
  }

  @Test func `a client that has stopped reading is idle`() throws {
    let server = try Server(["--idle-timeout", "0.5"])
    let stuck = try stuckClient(of: server)
    let start = Program.now()
    while stuck.isOpen, Program.now() - start < 10_000 { _ = poll(nil, 0, 20) }
    #expect(!stuck.isOpen)
    #expect(try server.stop().connections == 1)
  }

  @Test func `it has one thread under load`() throws {
    let server = try Server()
    let load = try Program("c-load", ["\(server.port)", "50", "1000", "4", "20000"])
    var counts: Set<Int> = []
    repeat { counts.insert(try server.threads()) } while (try? load.wait(within: 0)) == nil
    #expect(try load.wait(within: 60) == .code(0))
    #expect(counts == [1])
    let (connections, bytes) = try server.stop()
    #expect(connections == 50)
    #expect(bytes == 20_000_000)
  }

  @Test func `it keeps serving through resets, half-closed, silent and stuck clients`() throws {
    let server = try Server(["--grace", "0"])
    let stuck = try Client(server.port)
    stuck.stuff()
    let silent = try Client(server.port)
    for _ in 0..<50 {
      let rude = try Client(server.port)
      try rude.send("x")
      rude.reset()
      let halfClosed = try Client(server.port)
      try halfClosed.send("last words")
      halfClosed.finish()
      #expect(try halfClosed.receive() == "last words")
      #expect(try halfClosed.receive() == "")
    }
    #expect(try silent.echo("after all"))
    #expect(try server.stop().connections >= 52)
  }

  @Test func `it keeps serving when descriptors run out, and takes who waited when they return`() throws {
    let server = try Server(["--grace", "0"], descriptors: 32)
    let clients = try (0..<60).map { _ in try Client(server.port) }
    for client in clients { try client.send("x") }
    // Each that leaves makes room for one that waits in the kernel.
    for client in clients {
      #expect(try client.receive() == "x")
      #expect(try client.echo("served"))
      client.finish()
      #expect(try client.receive() == "")
    }
    #expect(try Client(server.port).echo("fresh"))
    #expect(try server.stop().connections == 61)
  }

  @Test(.enabled(if: has("strace"), "needs strace"), arguments: ["ENOSPC", "ENOMEM"])
  func `a connection that the loop cannot watch at once is served when it can`(reason: String) throws {
    // Which call is the first client's: the one after those of the start.
    let line = "inject=epoll_ctl:error=\(reason):when=\(try callsOfTheStart() + 1)"
    let server = try Server(under: ["strace", "-D", "-qq", "-o", "/dev/null", "-e", line])
    let first = try Client(server.port)
    #expect(try first.echo("first"))
    #expect(try Client(server.port).echo("second"))
    first.finish()
    #expect(try server.stop().connections == 2)
  }
}

/// A client that has sent much and reads nothing: its connection waits in a write.
private func stuckClient(of server: Server) throws -> Client {
  let client = try Client(server.port, receiveBuffer: 4096)
  while client.stuff() > 0 { _ = poll(nil, 0, 5) }
  return client
}

/// Waits until a server accepts no further connection.
private func waitUntilClosed(_ server: Server) {
  let deadline = Program.now() + 10_000
  while (try? Client(server.port)) != nil, Program.now() < deadline { _ = poll(nil, 0, 5) }
}

/// The number of `epoll_ctl(2)` calls that the server makes until it listens.
private func callsOfTheStart() throws -> Int {
  var path = Array("/tmp/epoll-calls-XXXXXX".utf8CString)
  let file = try #require(fdopen(mkstemp(&path), "r"))
  defer {
    fclose(file)
    unlink(path)
  }
  let name = String(decoding: path.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  _ = try Server(under: ["strace", "-D", "-o", name, "-e", "trace=epoll_ctl"]).stop()
  var count = 0
  var line = [CChar](repeating: 0, count: 256)
  let deadline = Program.now() + 10_000
  while Program.now() < deadline {
    guard fgets(&line, 256, file) != nil else {
      clearerr(file)
      _ = poll(nil, 0, 5)
      continue
    }
    if strstr(line, "EPOLL_CTL_ADD") != nil { count += 1 }
    if strstr(line, "+++") != nil { return count }
  }
  throw Program.Failure(description: "strace does not end")
}
