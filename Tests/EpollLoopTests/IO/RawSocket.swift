import Glibc

@testable import EpollLoop

/// A plain blocking TCP socket, for what a well-behaved peer does not do. Waits at most 10 s.
final class RawSocket {
  /// A call that failed, by its name and errno.
  struct CallFailure: Error, CustomStringConvertible {
    let call: String
    let code = errno
    var description: String { "\(call): errno \(code)" }
  }

  private static let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
  private(set) var fd: Int32

  /// Connects to an address of this machine.
  init(connectingTo address: SocketAddress, receiveBuffer: Int32? = nil, blocking: Bool = true) throws {
    fd = Glibc.socket(address.family, RawSocket.type, 0)
    guard fd >= 0 else { throw CallFailure(call: "socket") }
    limitWaiting()
    set(SOL_SOCKET, SO_RCVBUF, receiveBuffer)
    set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
    if !blocking { _ = fcntl(fd, F_SETFL, O_NONBLOCK) }
    guard address.withKernelForm({ Glibc.connect(fd, $0, $1) }) == 0 || errno == EINPROGRESS else {
      throw CallFailure(call: "connect")
    }
  }

  /// Binds to a free port, and listens if there is a backlog.
  init(backlog: Int32?) throws {
    fd = Glibc.socket(AF_INET, RawSocket.type, 0)
    let free = SocketAddress(.ipv4(INADDR_LOOPBACK, port: 0))
    guard free.withKernelForm({ bind(fd, $0, $1) }) == 0 else { throw CallFailure(call: "bind") }
    if let backlog, Glibc.listen(fd, backlog) != 0 { throw CallFailure(call: "listen") }
  }

  deinit { close() }

  /// The address of this end.
  var address: SocketAddress { Socket(fd: fd).localAddress ?? SocketAddress(.ipv4(0, port: 0)) }

  /// Sends all bytes; the last one of them out of band if asked for.
  func send(_ text: String, urgent: Bool = false) throws {
    try send(Array(text.utf8), urgent: urgent)
  }

  /// Sends all bytes; the last one of them out of band if asked for.
  func send(_ bytes: [UInt8], urgent: Bool = false) throws {
    let flags = Int32(MSG_NOSIGNAL) | (urgent ? Int32(MSG_OOB) : 0)
    guard Glibc.send(fd, bytes, bytes.count, flags) == bytes.count else { throw CallFailure(call: "send") }
  }

  /// Receives once; empty at the end.
  func receive(_ count: Int = 65_536) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let received = recv(fd, &bytes, count, 0)
    guard received >= 0 else { throw CallFailure(call: "recv") }
    return Array(bytes.prefix(received))
  }

  /// Receives until the end.
  func receiveAll() throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let part = try receive()
      if part.isEmpty { return bytes }
      bytes += part
    }
  }

  /// Ends the writing direction.
  func finish() {
    shutdown(fd, Int32(SHUT_WR))
  }

  /// Closes with a reset.
  func reset() {
    var option = linger(l_onoff: 1, l_linger: 0)
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
    close()
  }

  /// Closes. A second time nothing happens.
  func close() {
    guard fd >= 0 else { return }
    _ = Glibc.close(fd)
    fd = -1
  }

  private func set(_ level: Int32, _ name: Int32, _ value: Int32?) {
    guard var value else { return }
    setsockopt(fd, level, name, &value, 4)
  }

  private func limitWaiting() {
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }
}
