extension Connection {
  /// How long one address may take before the next is tried beside it (RFC 8305, 5).
  static let attemptDelay = Duration.milliseconds(250)

  /// Connects to a TCP port.
  ///
  /// A name is looked up by ``SocketAddress/resolve(host:port:)``. Its addresses are tried in the order of the system,
  /// IPv6 and IPv4 in turn, each 250 ms after the one before or as soon as that has failed; the first
  /// that answers wins (RFC 8305, "Happy Eyeballs").
  ///
  /// - Parameters:
  ///   - host: A name, or a numeric IPv4 or IPv6 address.
  ///   - port: The port, 1 to 65535.
  ///   - options: What is set on the socket.
  /// - Throws: ``IOError``: the reason of the last address that failed; ``NameLookupError`` if the name has no address;
  ///   `CancellationError` if the task is cancelled first, and then no descriptor stays.
  public static func tcp(
    host: String, port: UInt16, options: ConnectionOptions = ConnectionOptions()
  ) async throws -> Connection {
    let addresses = try await SocketAddress.resolve(host: host, port: port)
    return try await tcp(toFirstOf: SocketAddress.alternatingFamilies(addresses), options: options)
  }

  /// Connects to whichever of several addresses answers first.
  static func tcp(toFirstOf addresses: [SocketAddress], options: ConnectionOptions) async throws -> Connection {
    if let only = addresses.first, addresses.count == 1 { return try await tcp(to: only, options: options) }
    do {
      return try await race(over: addresses, staggeredBy: attemptDelay) { try await tcp(to: $0, options: options) }
    } catch let race as RaceError {
      throw race.errors.last ?? race
    }
  }

  /// Connects to a TCP address.
  ///
  /// - Throws: As ``tcp(host:port:options:)``.
  public static func tcp(
    to address: SocketAddress, options: ConnectionOptions = ConnectionOptions()
  ) async throws -> Connection {
    let core = LoopCore.current
    if Task.isCancelled { throw CancellationError() }
    do {
      let descriptor = try Socket.stream(for: address)
      let socket = Socket(fd: descriptor.number)
      try options.apply(to: socket)
      let isConnected = try socket.connect(to: address)
      // Only now: a socket that has not begun to connect reports a hang-up.
      let stream = try Stream(descriptor, core)
      stream.closeTimeout = options.closeTimeout
      if !isConnected { try await stream.waitToConnect() }
      return Connection(stream, remoteAddress: address)
    } catch let reason as Errno {
      throw IOError(.connect, reason, "\(address)")
    }
  }
}

extension Stream {
  /// Waits for the end of a connect that is in progress; if it fails, the stream is closed.
  fileprivate nonisolated(nonsending) func waitToConnect() async throws {
    registration.writing = .idle
    let wake = await core.park(for: "a connection") { registration.writing = .awaited($0) }
    do {
      guard wake == .ready else { throw CancellationError() }
      if let reason = try socket.takeError() { throw reason }
    } catch {
      close()
      throw error
    }
  }
}

extension SocketAddress {
  /// Turns a host into addresses: at once if it is numeric, else by getaddrinfo(3) on a thread.
  ///
  /// Look-ups have threads of their own, at most 8 in a process: ``ThreadPool/shared`` may be full. Further look-ups
  /// wait for a thread, first in, first out.
  ///
  /// Once a thread has taken the look-up, its end is waited for and its addresses are returned, although the
  /// task is cancelled. A resolver that gets no answer can take 10 s and more, resolv.conf(5).
  ///
  /// - Throws: ``NameLookupError`` if the look-up fails; ``IOError`` with ``Errno/invalidArgument`` if the name contains a
  ///   NUL; `CancellationError` if the task is cancelled before a thread has taken the look-up.
  public static func resolve(host: String, port: UInt16) async throws -> [SocketAddress] {
    if let address = SocketAddress(numericHost: host, port: port) { return [address] }
    guard !host.utf8.contains(0) else {
      // C would look up the part before it.
      throw IOError(.resolve, .invalidArgument, "a host name contains no NUL")
    }
    return try await offload(on: .names) { try NameLookup.addresses(host: host, port: port) }
  }

  /// The addresses with their families in turn, beginning with the family of the first (RFC 8305, 4).
  static func alternatingFamilies(_ addresses: [SocketAddress]) -> [SocketAddress] {
    let same = addresses.filter { $0.family == addresses.first?.family }
    let other = addresses.filter { $0.family != addresses.first?.family }
    return (0..<max(same.count, other.count)).flatMap { index in
      [same, other].compactMap { index < $0.count ? $0[index] : nil }
    }
  }
}
