extension Listener {
  /// Accepts connections and runs `handler` for each in a task of its own, until it is cancelled.
  ///
  /// A connection is closed when its handler returns, as by ``Connection/close()``, and broken off
  /// when its handler throws, as by ``Connection/abort()``. If what it throws is a cancellation, the
  /// connection is closed instead, without waiting for the peer if the handler's task is cancelled.
  ///
  /// Handlers' errors go to `onError` and nowhere else; without it, errors that a peer can cause
  /// (``IOError``, ``NameLookupError``), cancellation and the use of a closed stream are dropped, and others are
  /// written to standard error. No error of a connection ends the serving.
  ///
  /// It ends when the task is cancelled or the listener is closed: first the listener closes, then
  /// handlers may go on for `grace`, then they are cancelled; all have ended when it returns. Handlers that wait in
  /// ``Connection/readUnlessServerCloses()`` go on as soon as the listener closes.
  ///
  /// - Parameters:
  ///   - maximumConnections: How many are served at once; further ones wait in the kernel. More than 0.
  ///   - grace: How long handlers may go on after the end has begun.
  ///   - isolation: Where the handlers run; the caller's, unless given.
  ///   - onError: Hears of every error of a handler.
  ///   - handler: What to do with a connection.
  /// - Throws: `CancellationError` if it was cancelled. Nothing if the listener was closed.
  public func serve(
    maximumConnections: Int = .max, grace: Duration = .zero, isolation: isolated (any Actor)? = #isolation,
    onError: ((any Error, Connection) -> Void)? = nil,
    _ handler: @escaping (Connection) async throws -> Void
  ) async throws {
    precondition(maximumConnections > 0, "A server serves at least one connection at a time")
    guard isolation != nil else {
      return try await inLoopActor {
        try await self.serve(maximumConnections: maximumConnections, grace: grace, onError: onError, handler)
      }
    }
    let serving = bound.open("Listener.serve").beginServing()
    let children = Children()
    var ending: any Error = CancellationError()
    do {
      while await children.shrink(to: maximumConnections - 1) {
        let connection = try await accept()
        connection.bound.unchecked.serving = serving
        children.start(isolation: isolation) {
          await Listener.serve(connection, onError, handler)
        }
      }
    } catch {
      ending = error
    }
    close()
    await children.drain(grace: grace)
    if ending is CancellationError { throw ending }
  }

  private static func serve(
    _ connection: Connection, _ onError: ((any Error, Connection) -> Void)?,
    _ handler: (Connection) async throws -> Void
  ) async {
    do {
      try await handler(connection)
      await connection.close()
    } catch {
      if !isCancellation(error) { connection.abort() }
      await connection.close()
      if let onError {
        onError(error, connection)
      } else if !(isCausedByPeer(error) || isCancellation(error)) {
        UnhandledErrors.report(error, of: "the connection from \(connection.remoteAddress.map(\.description) ?? "?")")
      }
    }
  }

  /// Whether a peer can cause an error: to report each would let peers fill the log.
  ///
  /// A stream that is closed under its handler is no defect either: that is how a timer ends an idle connection.
  private static func isCausedByPeer(_ error: any Error) -> Bool {
    error is IOError || error is NameLookupError || (error as? ClosedError)?.handle == .stream
  }
}
