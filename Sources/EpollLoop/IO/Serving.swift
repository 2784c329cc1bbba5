/// What the handlers of one ``Listener/serve(maximumConnections:grace:isolation:onError:_:)`` share: the end of it.
final class Serving {
  /// Whether the listener has been closed, and handlers should come to their ends.
  @exclusivity(unchecked) private(set) var isClosing = false
  /// Waiters of handlers that wait for bytes or for the end of the serving.
  private let idle: WaitQueue

  init(_ core: LoopCore) {
    idle = WaitQueue(core)
  }

  /// Adds a waiter that ``close()`` wakes, unless it has been woken by then.
  @inline(__always)
  func add(_ waiter: Waiter) {
    idle.append(waiter)
  }

  /// Begins the end: wakes the handlers that wait for it. Has no effect when called again.
  func close() {
    isClosing = true
    idle.wakeAll(.ready)
  }
}

extension Connection {
  /// Whether the server of this connection is closing.
  ///
  /// That is so as soon as the task of ``Listener/serve(maximumConnections:grace:isolation:onError:_:)`` has been cancelled or
  /// the listener closed, for the connections that it handles; others have no server. A handler that sees it has the grace
  /// period left to end what it has begun. On the loop's thread only.
  public var isServerClosing: Bool {
    bound.open("Connection.isServerClosing").isServerClosing
  }

  /// Reads the bytes that have arrived, waiting for at least one or until the server of this connection is closing.
  ///
  /// This is where a handler waits for its next request:
  ///
  /// ```swift
  /// try await listener.serve(grace: .seconds(5)) { connection in
  ///   while let chunk = try await connection.readUnlessServerCloses() { try await connection.write(chunk) }
  /// }
  /// ```
  ///
  /// A handler that waits in ``read()`` is cancelled when the grace period is over; one that waits here goes on at once and
  /// can return. A Tokio program selects between the next frame and a shutdown signal for this; a NIO channel closes at
  /// `ChannelShouldQuiesceEvent`. Bytes that have arrived come first: nil means that the kernel has none.
  ///
  /// The name says *closes*, since that is what ends a serving: its listener is closed.
  ///
  /// - Returns: At least one byte and at most 64 KiB; nil at the end of the stream, or if the server is closing and nothing
  ///   has arrived: ``isServerClosing`` tells which.
  /// - Throws: As ``read()``.
  /// - Complexity: As ``read()``. Of a connection that is not handled by a server, it is the same as ``read()``.
  public func readUnlessServerCloses() async throws -> Chunk? {
    bound.check("Connection.readUnlessServerCloses")
    return try await bound.unchecked.read(heedsServer: true)
  }
}
