import Testing

@Suite struct EchoServerOptionsTests {
  @Test func `help is printed and is no error`() throws {
    let (exit, output, error) = try Program.run("echo-server", ["--help"])
    #expect(exit == .code(0))
    #expect(error == [])
    for option in ["--host", "--port", "--max-connections", "--idle-timeout", "--grace", "--help"] {
      #expect(output.contains { $0.contains(option) })
    }
  }

  @Test(arguments: [
    ["--frobnicate"], ["stray"], ["--port"], ["--host"], ["--port", "65536"], ["--port", "-1"], ["--port", "x"],
    ["--max-connections", "0"], ["--max-connections", "many"], ["--idle-timeout", "0"], ["--idle-timeout", "nan"],
    ["--grace", "-1"], ["--grace", "inf"], ["--grace"], ["--host", ""],
  ])
  func `a mistake is one line on standard error and exit 64`(arguments: [String]) throws {
    let (exit, output, error) = try Program.run("echo-server", arguments)
    #expect(exit == .code(64))
    #expect(output == [])
    #expect(error.count == 1)
    #expect(error.first?.contains(arguments.last.flatMap { $0.isEmpty ? nil : $0 } ?? "--host") == true)
  }

  @Test func `a port in use is one line that names address and reason, and exit 1`() throws {
    let server = try Server()
    let (exit, output, error) = try Program.run("echo-server", ["--port", "\(server.port)"])
    #expect(exit == .code(1))
    #expect(output == [])
    #expect(error.count == 1)
    #expect(error.first?.contains("127.0.0.1:\(server.port)") == true)
    #expect(error.first?.contains("Address already in use") == true)
    _ = try server.stop()
  }

  @Test func `a host that is no address is one line that names it, and exit 1`() throws {
    let (exit, _, error) = try Program.run("echo-server", ["--host", "nowhere.invalid", "--port", "0"])
    #expect(exit == .code(1))
    #expect(error.count == 1)
    #expect(error.first?.contains("nowhere.invalid") == true)
  }

  @Test func `it listens on IPv6 and says so`() throws {
    let program = try Program("echo-server", ["--host", "::1", "--port", "0"])
    #expect(try program.line()?.hasPrefix("listening on [::1]:") == true)
    program.signal(2)
    #expect(try program.wait() == .code(0))
  }
}

@Suite struct OneThreadTests {
  @Test(arguments: ["one-thread", "one-thread-main"])
  func `everything of Swift's concurrency runs on one thread`(name: String) throws {
    let (exit, output, _) = try Program.run(name)
    #expect(exit == .code(0))
    #expect(output == ["one thread throughout"])
  }
}
