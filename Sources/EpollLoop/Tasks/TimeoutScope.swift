/// Runs `body` with a timeout that can be moved, disabled and inspected while `body` runs.
///
/// ```swift
/// try await withTimeoutScope(.seconds(30)) { scope in
///   while let chunk = try await connection.read() {
///     try await store(chunk)
///     scope.reschedule(after: .seconds(30))  // a timeout for each chunk
///   }
/// }
/// ```
///
/// At the deadline `body` is cancelled, and this function waits for its end, as ``withTimeout(_:isolation:_:)``:
/// this is `asyncio.timeout()`.
///
/// - Parameters:
///   - timeout: The duration after which the time is over; nil for no deadline, until one is set.
///   - isolation: Where `body` runs; defaults to the caller's isolation.
///   - body: What to run with the scope.
/// - Returns: The value of `body`.
/// - Throws: As ``withTimeout(_:isolation:_:)``.
@inlinable
public func withTimeoutScope<Success>(
  _ timeout: Duration? = nil, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping (TimeoutScope) async throws -> Success
) async throws -> Success {
  guard isolation != nil else {
    return try await inLoopActor { try await withTimeoutScope(timeout, isolation: #isolation, body) }
  }
  let limit = timeout.map { TimeLimit($0) } ?? TimeLimit(until: .distantFuture, given: nil)
  return try await limit.run(isolation: isolation) { try await body(TimeoutScope(limit)) }
}

/// Runs `body` with a deadline that can be moved, disabled and inspected while `body` runs.
///
/// As ``withTimeoutScope(_:isolation:_:)``. A deadline in the past cancels `body` at its first wait;
/// ``Instant/distantFuture`` is no deadline.
@inlinable
public func withTimeoutScope<Success>(
  until deadline: Instant, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping (TimeoutScope) async throws -> Success
) async throws -> Success {
  guard isolation != nil else {
    return try await inLoopActor { try await withTimeoutScope(until: deadline, isolation: #isolation, body) }
  }
  let limit = TimeLimit(until: deadline, given: nil)
  return try await limit.run(isolation: isolation) { try await body(TimeoutScope(limit)) }
}

/// The deadline of a body that runs: see ``withTimeoutScope(_:isolation:_:)``.
///
/// It may be passed to functions and to other tasks of the loop, and used on the loop's thread only; another thread
/// traps. When the body has ended it has no effect any more.
public struct TimeoutScope {
  private let limit: TimeLimit

  @usableFromInline
  init(_ limit: TimeLimit) {
    self.limit = limit
  }

  /// The instant of the loop's clock at which the body is cancelled; nil if there is none.
  ///
  /// Once the scope has expired, the instant at which it did.
  public var deadline: Instant? {
    check("TimeoutScope.deadline")
    return limit.deadline == .distantFuture ? nil : limit.deadline
  }

  /// Whether the deadline has come, and the body was cancelled for that.
  public var isExpired: Bool {
    check("TimeoutScope.isExpired")
    return limit.isOver
  }

  /// Moves the deadline to an instant of the loop's clock; only that one counts from now on.
  ///
  /// An instant that is not in the future cancels the body at its next wait; ``Instant/distantFuture`` is no
  /// deadline.
  ///
  /// - Returns: False if the scope has expired or its body has ended; then there is nothing left to move.
  /// - Complexity: that of a new timer, without an allocation.
  @discardableResult
  public func reschedule(to deadline: Instant) -> Bool {
    check("TimeoutScope.reschedule")
    return limit.reschedule(to: deadline)
  }

  /// Moves the deadline to a duration from now; as ``reschedule(to:)``.
  ///
  /// A duration of zero or less cancels the body at its next wait.
  @discardableResult
  public func reschedule(after timeout: Duration) -> Bool {
    check("TimeoutScope.reschedule")
    return limit.reschedule(to: limit.core.now + timeout)
  }

  /// Removes the deadline, until one is set by `reschedule`.
  ///
  /// - Returns: False if the scope has expired or its body has ended.
  @discardableResult
  public func disable() -> Bool {
    check("TimeoutScope.disable")
    return limit.reschedule(to: .distantFuture)
  }

  private func check(_ what: StaticString) {
    limit.core.check(what)
  }
}
