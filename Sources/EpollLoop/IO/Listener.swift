/// A listening TCP socket.
///
/// On its loop's thread only; the object itself may be held anywhere. When the last reference is
/// gone, it is closed.
public final class Listener: Sendable {
  final class State {
    /// A connection that has been accepted and is not registered.
    fileprivate struct Accepted: ~Copyable {
      let descriptor: FileDescriptor
      let peer: SocketAddress?

      consuming func takeDescriptor() -> FileDescriptor { descriptor }
    }

    let core: LoopCore
    let socket: Socket
    fileprivate var descriptor: FileDescriptor?
    let registration: Registration
    /// What accepted connections begin with: the kernel hands on the other options.
    fileprivate var closeTimeout = ConnectionOptions.defaultCloseTimeout
    /// Who pauses after a shortage; stale unless somebody does.
    fileprivate var pausing = Waiter.nobody
    /// The connection that could not be registered; the next attempt begins with it.
    fileprivate var unregistered: Accepted?
    /// The end of the serving, once it has begun.
    fileprivate var serving: Serving?
    /// Registers a connection's descriptor; a test may put a shortage here.
    var register: (Int32) throws(Errno) -> Registration

    fileprivate init(_ descriptor: consuming FileDescriptor, _ core: LoopCore) throws(Errno) {
      socket = Socket(fd: descriptor.number)
      registration = try core.register(descriptor.number, for: [.readable, .edgeTriggered])
      self.core = core
      self.descriptor = consume descriptor
      register = { fd throws(Errno) in try core.register(fd) }
    }

    /// Whether it has been closed.
    var isClosed: Bool {
      if case .closed = registration.reading { true } else { false }
    }

    /// Creates what the handlers of a serving share; this listener's close ends it.
    func beginServing() -> Serving {
      let serving = Serving(core)
      self.serving = serving
      return serving
    }

    /// Wakes the task that waits to accept with an error, and idle handlers; then closes the descriptor.
    func close() {
      guard !isClosed else { return }
      core.deregister(registration)
      core.wake(pausing, .closed)
      serving?.close()
      unregistered = nil
      descriptor = nil
    }
  }

  /// How long accepting pauses when descriptors or memory have run out.
  static let shortagePause = Duration.milliseconds(50)

  let bound: LoopBound<State>
  /// Where it listens; with the port that the kernel chose, if 0 was asked for.
  public let localAddress: SocketAddress

  /// Listens on a TCP port, on the loop of this thread.
  ///
  /// - Parameters:
  ///   - host: A numeric IPv4 or IPv6 address, or "localhost", which means 127.0.0.1. "0.0.0.0" and "::"
  ///     mean all addresses.
  ///   - port: The port; 0 lets the kernel choose a free one.
  ///   - options: What is set on the socket and its connections.
  /// - Throws: ``IOError`` that names the address and the reason.
  public static func tcp(
    host: String, port: UInt16, options: ListenerOptions = ListenerOptions()
  ) throws -> Listener {
    let numeric = host == "localhost" ? "127.0.0.1" : host
    guard let address = SocketAddress(numericHost: numeric, port: port) else {
      throw IOError(.listen, .invalidArgument, "'\(host)' is not a numeric address")
    }
    do {
      return try Listener(address, options, LoopCore.current)
    } catch {
      throw IOError(.listen, error, "\(address)")
    }
  }

  private init(_ address: SocketAddress, _ options: ListenerOptions, _ core: LoopCore) throws(Errno) {
    precondition(options.backlog > 0, "A listener's backlog is more than zero")
    let descriptor = try Socket.stream(for: address)
    let socket = Socket(fd: descriptor.number)
    if options.reuseAddress { try socket.setReuseAddress(true) }
    if options.reusePort { try socket.setReusePort(true) }
    if case .ipv6 = address.value { try socket.setIPv6Only(options.ipv6Only) }
    // Accepted sockets inherit these, tcp(7) and socket(7): no system call for each.
    try options.connection.apply(to: socket)
    try socket.bind(to: address)
    try socket.listen(backlog: options.backlog)
    localAddress = socket.localAddress ?? address
    bound = LoopBound(try State(descriptor, core), core)
    bound.unchecked.closeTimeout = options.connection.closeTimeout
  }

  deinit {
    if let state = bound.openIfCurrent() { return state.close() }
    let bound = bound
    bound.inbox.perform { bound.unchecked.close() }
  }

  /// Stops listening: a task that waits to accept gets a ``ClosedError``, and new connections are refused.
  ///
  /// Connections that have been accepted stay. It has no effect when called again.
  public func close() {
    bound.open("Listener.close").close()
  }

  /// Waits for a connection and takes it.
  ///
  /// Connections that are gone before they are taken are passed over. When descriptors, memory or watches of epoll(7)
  /// run out (EMFILE, ENFILE, ENOBUFS, ENOMEM, ENOSPC), accepting pauses for 50 ms at a time. Meanwhile connections stay
  /// in the kernel, and one that has been accepted already stays in the listener. One task may accept at a time.
  ///
  /// - Throws: ``ClosedError`` if the listener is closed, or is during the wait; `CancellationError` if the task is cancelled
  ///   first, and then no connection is lost.
  public func accept() async throws -> Connection {
    let state = bound.open("Listener.accept")
    // A flood of connections must not keep a cancellation from being seen.
    if RunningTask.look().isCancelled { throw CancellationError() }
    while true {
      switch state.tryAccept() {
      case .connection(let connection):
        if state.core.spend() { await state.core.giveWay() }
        return connection
      case .nothing:
        try await state.waitForConnection(atMost: nil)
      case .shortage:
        try await state.waitForConnection(atMost: Listener.shortagePause)
      case .closed:
        throw ClosedError(.listener)
      }
    }
  }
}

extension Listener.State {
  fileprivate enum Attempt {
    case connection(Connection)
    case nothing
    case shortage
    case closed
  }

  fileprivate func tryAccept() -> Attempt {
    while true {
      switch registration.reading {
      case .ready:
        checkOnlyAccepter(pausing)
      case .closed: return .closed
      case .idle: return .nothing
      case .awaited(let waiter):
        checkOnlyAccepter(waiter)
        return .nothing
      }
      do throws(Errno) {
        if let next = unregistered.take() { return registerNext(next) }
        let (number, peer) = try socket.accept()
        return registerNext(Listener.State.Accepted(descriptor: FileDescriptor(owning: number), peer: peer))
      } catch {
        if error == .wouldBlock {
          registration.reading = .idle
        } else if error.isShortage {
          return .shortage
        }
        precondition(!error.isOurBug && error != .invalidArgument, "accept4 failed: \(error)")
        // Anything else is an error of the connection that was to be taken: accept(2), NOTES.
      }
    }
  }

  /// Has the loop watch a connection; if that fails for a shortage, keeps it for the next attempt.
  private func registerNext(_ next: consuming Listener.State.Accepted) -> Attempt {
    do throws(Errno) {
      let registration = try register(next.descriptor.number)
      let peer = next.peer
      let stream = Stream(next.takeDescriptor(), registration, core)
      stream.closeTimeout = closeTimeout
      return .connection(Connection(stream, remoteAddress: peer))
    } catch {
      precondition(error.isShortage, "epoll_ctl failed: \(error)")
      unregistered = consume next
      return .shortage
    }
  }

  private func checkOnlyAccepter(_ waiter: Waiter) {
    precondition(core.waiters.waitingSlot(waiter) == nil, "Only one task may accept at a time")
  }

  /// Waits for the next connection, or for a time at the most.
  fileprivate nonisolated(nonsending) func waitForConnection(atMost pause: Duration?) async throws {
    let wake = await core.park(for: pause == nil ? "a client" : "free descriptors") { waiter in
      if let pause {
        // The latch stays ready: who waits in the kernel brings no further edge.
        pausing = waiter
        core.schedule(waiter, at: core.now + pause)
      } else {
        registration.reading = .awaited(waiter)
      }
    }
    if wake == .cancelled { throw CancellationError() }
  }
}
