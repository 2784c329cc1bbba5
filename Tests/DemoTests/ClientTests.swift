import Glibc
import Testing

/// Clients that others have written, against the echo server.
@Suite struct ClientTests {
  @Test(.enabled(if: has("nc"), "needs nc: install netcat-openbsd"))
  func `nc gets back what it sends`() throws {
    let server = try Server()
    let (exit, output, _) = try shell("printf 'one\\ntwo\\n' | timeout 20 nc -N 127.0.0.1 \(server.port)")
    #expect(exit == .code(0))
    #expect(output == ["one", "two"])
    #expect(try server.stop().bytes == 8)
  }

  @Test(.enabled(if: has("socat"), "needs socat"))
  func `socat gets back a megabyte after closing its half`() throws {
    let server = try Server()
    let (exit, output, _) = try shell(
      "head -c 1000000 /dev/zero | timeout 20 socat -t 20 - TCP:127.0.0.1:\(server.port) | wc -c")
    #expect(exit == .code(0))
    #expect(output == ["1000000"])
    #expect(try server.stop().bytes == 1_000_000)
  }

  @Test(.enabled(if: has("python3"), "needs python3"))
  func `a thousand asyncio streams get back their own bytes`() throws {
    let server = try Server()
    try python("streams.py", "\(server.port)", "1000")
    #expect(try server.stop().connections == 1000)
  }

  @Test(.enabled(if: has("python3"), "needs python3"), arguments: ["reset", "never-read", "silent"])
  func `clients that misbehave do not harm those that do not`(kind: String) throws {
    let server = try Server(["--grace", "0"])
    try python("misbehave.py", "\(server.port)", kind)
    _ = try server.stop()
  }
}

/// Whether a program is installed.
func has(_ tool: String) -> Bool {
  (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").contains {
    access("\($0)/\(tool)", X_OK) == 0
  }
}

private func shell(_ line: String) throws -> (exit: Program.Exit, output: [String], error: [String]) {
  try Program.run("/bin/sh", ["-c", line])
}

private func python(_ script: String, _ arguments: String...) throws {
  let folder = "/" + #filePath.split(separator: "/").dropLast().joined(separator: "/") + "/Clients"
  let (exit, output, error) = try Program.run(
    "/bin/sh", ["-c", "exec timeout 60 python3 \"$0\" \"$@\"", "\(folder)/\(script)"] + arguments)
  #expect(exit == .code(0), "\(error)")
  #expect(output == ["ok"])
}
