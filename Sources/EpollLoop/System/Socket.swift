import CEpollShim
import Glibc

/// A socket's system calls; the socket itself is a descriptor that somebody else owns.
struct Socket {
  let fd: Int32

  /// Which ends of a stream are shut, shutdown(2).
  enum Direction {
    case reading, writing, both

    fileprivate var how: Int32 {
      switch self {
      case .reading: Int32(SHUT_RD)
      case .writing: Int32(SHUT_WR)
      case .both: Int32(SHUT_RDWR)
      }
    }
  }

  /// Opens a non-blocking, close-on-exec TCP socket for an address's family.
  static func stream(for address: SocketAddress) throws(Errno) -> FileDescriptor {
    let type = Int32(SOCK_STREAM.rawValue)
    return FileDescriptor(owning: try Errno.check(cepoll_socket_create(address.family, type, 0)))
  }

  /// Opens two connected non-blocking Unix stream sockets, socketpair(2).
  static func pair() throws(Errno) -> (Int32, Int32) {
    var numbers: [Int32] = [-1, -1]
    _ = try Errno.check(cepoll_socket_pair(Int32(SOCK_STREAM.rawValue), &numbers))
    return (numbers[0], numbers[1])
  }

  /// bind(2)
  func bind(to address: SocketAddress) throws(Errno) {
    if address.withKernelForm({ Glibc.bind(fd, $0, $1) }) < 0 { throw Errno(rawValue: errno) }
  }

  /// listen(2)
  func listen(backlog: Int32) throws(Errno) {
    if Glibc.listen(fd, backlog) < 0 { throw Errno(rawValue: errno) }
  }

  /// Takes one waiting connection, accept4(2); its descriptor is non-blocking and close-on-exec.
  func accept() throws(Errno) -> (number: Int32, peer: SocketAddress?) {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let number = try Errno.check(cepoll_socket_accept(fd, &storage, &length))
    return (number, SocketAddress(kernelForm: &storage))
  }

  /// Begins a connect(2).
  ///
  /// - Returns: True if it has ended already, false if writability will tell.
  func connect(to address: SocketAddress) throws(Errno) -> Bool {
    let result = address.withKernelForm { cepoll_socket_connect(fd, $0, $1) }
    // An interrupted connect goes on by itself, as one in progress: connect(2), ERRORS.
    if result == -EINPROGRESS || result == -EINTR { return false }
    _ = try Errno.check(result)
    return true
  }

  /// Takes the pending error, SO_ERROR of socket(7); nil if there is none.
  func takeError() throws(Errno) -> Errno? {
    let code = try option(SOL_SOCKET, SO_ERROR)
    return code == 0 ? nil : Errno(rawValue: code)
  }

  /// Reads one integer option, getsockopt(2).
  func option(_ level: Int32, _ name: Int32) throws(Errno) -> Int32 {
    var value: Int32 = 0
    _ = try Errno.check(cepoll_socket_get(fd, level, name, &value))
    return value
  }

  /// Sets one integer option, setsockopt(2).
  func setOption(_ level: Int32, _ name: Int32, _ value: Int32) throws(Errno) {
    _ = try Errno.check(cepoll_socket_set(fd, level, name, value))
  }

  /// Shuts one or both directions down, shutdown(2).
  func shutDown(_ direction: Direction) throws(Errno) {
    if shutdown(fd, direction.how) < 0 { throw Errno(rawValue: errno) }
  }

  /// Makes the coming close a reset: what is unsent is dropped (SO_LINGER of socket(7)).
  func resetOnClose() {
    var linger = linger(l_onoff: 1, l_linger: 0)
    // A failure leaves an ordinary close, which is all that is left to do anyway.
    _ = setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
  }

  /// Receives into raw memory, recv(2): the count, 0 at the end, or a negated errno.
  @inline(__always)
  func receive(into bytes: UnsafeMutableRawPointer, count: Int) -> Int {
    cepoll_socket_receive(fd, bytes, count)
  }

  /// As ``receive(into:count:)``, but leaves the bytes where they are, MSG_PEEK of recv(2).
  @inline(__always)
  func peek(into bytes: UnsafeMutableRawPointer, count: Int) -> Int {
    cepoll_socket_peek(fd, bytes, count)
  }

  /// Sends raw memory, send(2) with MSG_NOSIGNAL: the count or a negated errno.
  @inline(__always)
  func send(_ bytes: UnsafeRawPointer, count: Int) -> Int {
    cepoll_socket_send(fd, bytes, count)
  }

  /// The number of bytes written that the peer's kernel has not acknowledged, SIOCOUTQ of tcp(7).
  ///
  /// The end of the stream, once it has been sent, counts as one byte.
  func unacknowledgedCount() throws(Errno) -> Int {
    var count: Int32 = 0
    if ioctl(fd, UInt(TIOCOUTQ), &count) < 0 { throw Errno(rawValue: errno) }
    return Int(count)
  }

  /// This end's address, getsockname(2); nil for a family that is not handled here.
  var localAddress: SocketAddress? { address { getsockname(fd, $0, $1) } }

  /// The other end's address, getpeername(2); nil where there is none.
  var remoteAddress: SocketAddress? { address { getpeername(fd, $0, $1) } }

  private func address(
    _ ask: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32
  ) -> SocketAddress? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let result = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { ask($0, &length) }
    }
    return result < 0 ? nil : SocketAddress(kernelForm: &storage)
  }
}

extension Socket {
  /// Whether small writes go out at once, TCP_NODELAY of tcp(7).
  func setNoDelay(_ on: Bool) throws(Errno) {
    try setOption(Int32(IPPROTO_TCP), TCP_NODELAY, on ? 1 : 0)
  }

  /// Whether the kernel probes a silent peer, SO_KEEPALIVE of socket(7).
  func setKeepAlive(_ on: Bool) throws(Errno) {
    try setOption(SOL_SOCKET, SO_KEEPALIVE, on ? 1 : 0)
  }

  /// Whether a port in TIME_WAIT may be bound again, SO_REUSEADDR of socket(7).
  func setReuseAddress(_ on: Bool) throws(Errno) {
    try setOption(SOL_SOCKET, SO_REUSEADDR, on ? 1 : 0)
  }

  /// Whether several sockets may share a port, SO_REUSEPORT of socket(7).
  func setReusePort(_ on: Bool) throws(Errno) {
    try setOption(SOL_SOCKET, SO_REUSEPORT, on ? 1 : 0)
  }

  /// The size of a kernel buffer, SO_RCVBUF and SO_SNDBUF of socket(7).
  func setBuffer(receiving: Bool, bytes: Int) throws(Errno) {
    try setOption(SOL_SOCKET, receiving ? SO_RCVBUF : SO_SNDBUF, Int32(clamping: bytes))
  }

  /// Whether an IPv6 socket refuses IPv4, IPV6_V6ONLY of ipv6(7).
  func setIPv6Only(_ on: Bool) throws(Errno) {
    try setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, on ? 1 : 0)
  }
}
