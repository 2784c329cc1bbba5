import Glibc
import Testing

/// Programs that begin with `EventLoop.runMain`.
@Suite struct RunMainTests {
  /// How a program ends by a signal that comes when it waits.
  private func end(
    _ word: String, by signals: [Int32]
  ) throws -> (exit: Program.Exit, output: [String], error: [String]) {
    let program = try Program("sync-main", [word])
    try #require(try program.line() == "waiting")
    var output: [String] = []
    for (number, signal) in signals.enumerated() {
      if number > 0, let line = try program.line() { output.append(line) }
      program.signal(signal)
    }
    output += try program.outputLines()
    return (try program.wait(), output, try program.errorLines())
  }

  @Test(arguments: [(SIGINT, "SIGINT", 130), (SIGTERM, "SIGTERM", 143)] as [(Int32, String, Int32)])
  func `a program that a signal cancels ends with one line and the status of that signal`(
    signal: Int32, name: String, status: Int32
  ) throws {
    let end = try end("waits", by: [signal])
    #expect(end.exit == .code(status))
    #expect(end.output == [])
    #expect(end.error == ["sync-main: ended by \(name)"])
  }

  @Test(arguments: [SIGINT, SIGTERM])
  func `a program that ends its work after a signal ends with 0`(signal: Int32) throws {
    let end = try end("drains", by: [signal])
    #expect(end.exit == .code(0))
    #expect(end.output == ["drained"])
    #expect(end.error == [])
  }

  @Test func `a second signal ends a program that goes on after the first`() throws {
    let end = try end("stays", by: [SIGINT, SIGTERM])
    #expect(end.exit == .code(143))
    #expect(end.output == ["still waiting"])
    #expect(end.error == ["sync-main: ended by SIGTERM"])
  }

  @Test func `another error after a signal is the program's error`() throws {
    let end = try end("fails-when-cancelled", by: [SIGINT])
    #expect(end.exit == .code(1))
    #expect(end.error == ["sync-main: the first line and the second"])
  }

  @Test(arguments: [("fails", "the first line and the second"), ("cancels-itself", "CancellationError()")])
  func `an uncaught error is one line and status 1`(word: String, line: String) throws {
    let run = try Program.run("sync-main", [word])
    #expect(run.exit == .code(1))
    #expect(run.output == [])
    #expect(run.error == ["sync-main: \(line)"])
  }

  @Test func `a port in use is one line and status 1`() throws {
    let run = try Program.run("sync-main", ["takes-port"])
    #expect(run.exit == .code(1))
    #expect(run.error.count == 1)
    #expect(run.error.first?.hasPrefix("sync-main: cannot listen: Address already in use (127.0.0.1:") == true)
  }

  @Test func `a program whose body returns ends with 0, after its spawned tasks`() throws {
    let run = try Program.run("sync-main", ["ends"])
    #expect(run.exit == .code(0))
    #expect(run.output == ["the body has ended", "a spawned task has ended"])
    #expect(run.error == [])
  }

  @Test func `an echo server whose port is in use says so in one line`() throws {
    let server = try Server()
    let run = try Program.run("echo-server", ["--port", "\(server.port)"])
    #expect(run.exit == .code(1))
    #expect(run.error == ["echo-server: cannot listen: Address already in use (127.0.0.1:\(server.port))"])
    _ = try server.stop()
  }
}
