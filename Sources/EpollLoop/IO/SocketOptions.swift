/// What is set on a TCP connection, tcp(7) and socket(7).
public struct ConnectionOptions: Sendable {
  /// Whether small writes go out at once instead of waiting for an acknowledgement (TCP_NODELAY).
  public var noDelay: Bool
  /// Whether the kernel probes a peer that has been silent for long (SO_KEEPALIVE).
  public var keepAlive: Bool
  /// The kernel's receive buffer in bytes (SO_RCVBUF); nil leaves it to the kernel.
  public var receiveBufferBytes: Int?
  /// The kernel's send buffer in bytes (SO_SNDBUF); nil leaves it to the kernel.
  public var sendBufferBytes: Int?

  /// How long ``Connection/close()`` waits at most for the peer to take the last bytes; zero or negative does not wait.
  ///
  /// It stands for SO_LINGER of socket(7), with which close(2) would block the loop. After it the kernel goes on sending,
  /// but if input was left unread, it resets the connection: ``Connection/close()`` says why.
  public var closeTimeout = ConnectionOptions.defaultCloseTimeout

  static let defaultCloseTimeout = Duration.seconds(1)

  /// Creates options; those that are left out have their defaults.
  ///
  /// - Parameters:
  ///   - noDelay: As ``noDelay``.
  ///   - keepAlive: As ``keepAlive``.
  ///   - receiveBufferBytes: As ``receiveBufferBytes``.
  ///   - sendBufferBytes: As ``sendBufferBytes``.
  ///   - closeTimeout: As ``closeTimeout``.
  public init(
    noDelay: Bool = true, keepAlive: Bool = false, receiveBufferBytes: Int? = nil, sendBufferBytes: Int? = nil,
    closeTimeout: Duration = .seconds(1)
  ) {
    self.noDelay = noDelay
    self.keepAlive = keepAlive
    self.receiveBufferBytes = receiveBufferBytes
    self.sendBufferBytes = sendBufferBytes
    self.closeTimeout = closeTimeout
  }

  func apply(to socket: Socket) throws(Errno) {
    if noDelay { try socket.setNoDelay(true) }
    if keepAlive { try socket.setKeepAlive(true) }
    if let receiveBufferBytes { try socket.setBuffer(receiving: true, bytes: receiveBufferBytes) }
    if let sendBufferBytes { try socket.setBuffer(receiving: false, bytes: sendBufferBytes) }
  }
}

/// What is set on a listening socket.
public struct ListenerOptions: Sendable {
  /// How many connections the kernel keeps until they are accepted, listen(2).
  public var backlog: Int32
  /// Whether the port may be bound again right after a restart (SO_REUSEADDR).
  public var reuseAddress: Bool
  /// Whether several listeners may share the port, the kernel spreading connections (SO_REUSEPORT).
  public var reusePort: Bool
  /// Whether a listener on an IPv6 address refuses IPv4 (IPV6_V6ONLY).
  public var ipv6Only: Bool
  /// What the accepted connections inherit.
  public var connection: ConnectionOptions

  /// Creates options; those that are left out have their defaults.
  ///
  /// - Parameters:
  ///   - backlog: As ``backlog``.
  ///   - reuseAddress: As ``reuseAddress``.
  ///   - reusePort: As ``reusePort``.
  ///   - ipv6Only: As ``ipv6Only``.
  ///   - connection: As ``connection``.
  public init(
    backlog: Int32 = 4096, reuseAddress: Bool = true, reusePort: Bool = false, ipv6Only: Bool = false,
    connection: ConnectionOptions = ConnectionOptions()
  ) {
    self.backlog = backlog
    self.reuseAddress = reuseAddress
    self.reusePort = reusePort
    self.ipv6Only = ipv6Only
    self.connection = connection
  }
}

extension Connection {
  /// Changes options; those that are nil stay.
  ///
  /// - Throws: ``ClosedError`` if the connection is closed; ``IOError`` if the kernel refuses.
  public func configure(noDelay: Bool? = nil, keepAlive: Bool? = nil, closeTimeout: Duration? = nil) throws {
    let stream = bound.open("Connection.configure")
    try stream.checkOpen(.configure)
    if let closeTimeout { stream.closeTimeout = closeTimeout }
    do throws(Errno) {
      if let noDelay { try stream.socket.setNoDelay(noDelay) }
      if let keepAlive { try stream.socket.setKeepAlive(keepAlive) }
    } catch {
      throw IOError(.configure, error)
    }
  }
}
