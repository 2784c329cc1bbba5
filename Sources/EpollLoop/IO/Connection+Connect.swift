extension Connection {
  /// Connects to a TCP port.
  ///
  /// A name is looked up on a pool's thread, and its addresses are tried one after the other.
  ///
  /// - Parameters:
  ///   - host: A name, or a numeric IPv4 or IPv6 address.
  ///   - port: The port, 1 to 65535.
  ///   - options: What is set on the socket.
  /// - Throws: ``IOError``: the reason of the last address; `CancellationError` if the task is cancelled
  ///   first, and then no descriptor stays.
  public static func tcp(
    host: String, port: UInt16, options: ConnectionOptions = ConnectionOptions()
  ) async throws -> Connection {
    let addresses = try await SocketAddress.resolve(host: host, port: port)
    var last = IOError(.connect, .noSuchEntry, "\(host) has no address")
    for address in addresses {
      do {
        return try await tcp(to: address, options: options)
      } catch let error as IOError {
        last = error
      }
    }
    throw last
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
      let registration = try core.register(descriptor.number)
      let stream = Stream(descriptor, registration, core)
      if !isConnected { try await stream.waitToConnect() }
      return Connection(stream, remoteAddress: address)
    } catch let reason as Errno {
      throw IOError(.connect, reason, "\(address)")
    }
  }
}

extension Stream {
  /// Waits for the end of a connect that is in progress; closes if it fails.
  fileprivate nonisolated(nonsending) func waitToConnect() async throws {
    registration.writing = .idle
    let wake = await core.park { registration.writing = .awaited($0) }
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
  /// Turns a host into addresses: at once if it is numeric, else on a pool's thread.
  ///
  /// - Throws: ``IOError`` if it has none; `CancellationError` if the task is cancelled first.
  public static func resolve(host: String, port: UInt16) async throws -> [SocketAddress] {
    if let address = SocketAddress(numericHost: host, port: port) { return [address] }
    do {
      return try await offload { try NameLookup.addresses(host: host, port: port) }
    } catch let error as NameLookupFailure {
      throw IOError(.resolve, error.reason, "\(host): \(error.text)")
    }
  }
}
