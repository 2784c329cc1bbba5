extension EventLoop {
  /// Runs a program: hands the process to an event loop, runs `body` on it to its end, and exits.
  ///
  /// ```swift
  /// EventLoop.runMain {
  ///   let listener = try Listener.tcp(host: "127.0.0.1", port: 7777)
  ///   try await listener.serve { connection in … }
  /// }
  /// ```
  ///
  /// For top-level code, and for the synchronous `main` of a `@main` type. What ``run(cancelOn:_:)`` says applies, but
  /// an error of `body` becomes one line on standard error, "PROGRAM: ERROR", instead of Swift's crash report. The
  /// exit status is:
  ///
  /// - 0 if `body` returns, even after a signal: it has ended its work in order.
  /// - 128 and the number of the signal, such as 130 for SIGINT and 143 for SIGTERM, if a signal came and `body` has
  ///   thrown `CancellationError`, or if a second signal has ended the run.
  /// - 1 if `body` throws anything else, or if the kernel has no descriptor for the loop.
  ///
  /// - Parameters:
  ///   - signals: The first of these cancels `body`; a second one ends the run at once.
  ///   - body: The program, on the main actor.
  /// - Precondition: As for ``run(cancelOn:_:)``.
  public static func runMain(
    cancelOn signals: [Signal] = [.interrupt, .terminate], _ body: @escaping @MainActor () async throws -> Void
  ) -> Never {
    var signal: Signal?
    do {
      try run(cancelOn: signals, noting: &signal) { try await body() }
    } catch {
      guard let signal, isCancellation(error) || error as? IOError == .secondSignal else {
        Process.exit(saying: "\(error)")
      }
      Process.exit(128 + signal.rawValue, saying: "ended by \(signal)")
    }
    Process.exitWithSuccess()
  }
}
