import Glibc
import Testing

/// A running echo server.
final class Server {
  let program: Program
  let port: UInt16

  init(_ arguments: [String] = [], descriptors: Int? = nil, under tracer: [String] = []) throws {
    program = try Program(
      "echo-server", ["--port", "0"] + arguments, descriptors: descriptors, under: tracer)
    let line = try #require(try program.line())
    try #require(line.hasPrefix("listening on 127.0.0.1:"))
    port = try #require(UInt16(line.split(separator: ":").last ?? ""))
  }

  /// Stops it, and checks its one line of farewell.
  func stop(with signal: Int32 = SIGTERM) throws -> (connections: Int, bytes: Int) {
    program.signal(signal)
    let lines = try program.outputLines()
    #expect(try program.wait() == .code(0))
    #expect(try program.errorLines() == [])
    #expect(lines.count == 1)
    let words = (lines.first ?? "").split(separator: " ")
    try #require(words.count == 8 && words[0] == "served" && words[7] == "seconds")
    return (try #require(Int(words[1])), try #require(Int(words[3])))
  }

  /// How many threads it has, from /proc/PID/status (proc(5)).
  func threads() throws -> Int {
    let file = try #require(fopen("/proc/\(program.pid)/status", "r"))
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      if text.hasPrefix("Threads:") { return Int(text.filter(\.isNumber)) ?? -1 }
    }
    return -1
  }
}

/// A plain client with blocking calls; each waits 20 s at the most.
final class Client {
  private var fd: Int32

  init(_ port: UInt16, receiveBuffer: Int32? = nil) throws {
    fd = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var limit = timeval(tv_sec: 20, tv_usec: 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    if var receiveBuffer { setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, 4) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(fd, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if result != 0 { throw Program.Failure(description: "connect: errno \(errno)") }
  }

  deinit { if fd >= 0 { close(fd) } }

  func send(_ text: String) throws {
    let count = text.utf8.count
    guard Glibc.send(fd, text, count, Int32(MSG_NOSIGNAL)) == count else {
      throw Program.Failure(description: "send: errno \(errno)")
    }
  }

  /// Sends as much as the kernels take without anybody reading.
  ///
  /// - Returns: The number of bytes sent.
  @discardableResult
  func stuff(atMost limit: Int = .max) -> Int {
    let bytes = [UInt8](repeating: 7, count: 65_536)
    var sent = 0
    while sent < limit {
      let count = Glibc.send(fd, bytes, min(bytes.count, limit - sent), Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
      guard count > 0 else { break }
      sent += count
    }
    return sent
  }

  /// Receives once; empty at the end.
  func receive(_ limit: Int = 65_536) throws -> String {
    var bytes = [UInt8](repeating: 0, count: limit)
    let count = recv(fd, &bytes, bytes.count, 0)
    guard count >= 0 else { throw Program.Failure(description: "recv: errno \(errno)") }
    return String(decoding: bytes.prefix(count), as: UTF8.self)
  }

  /// Whether the peer has neither reset the connection nor closed it, poll(2).
  var isOpen: Bool {
    var state = pollfd(fd: fd, events: 0, revents: 0)
    return poll(&state, 1, 0) == 0
  }

  /// Sends a text and receives it back.
  func echo(_ text: String) throws -> Bool {
    try send(text)
    return try receive() == text
  }

  func finish() { shutdown(fd, Int32(SHUT_WR)) }

  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close(fd)
    fd = -1
  }
}
