/// Runs `body` with a limit on its time, on the loop's clock.
///
/// When the time is over, `body` is cancelled, and this function waits for its end. A value that
/// it returns all the same is returned. Zero and less cancel it at its first wait.
///
/// - Parameters:
///   - limit: The longest that it may take.
///   - isolation: Where it runs; the caller's, unless given.
///   - body: What to do.
/// - Throws: ``TimeoutError`` if the time was over and `body` was cut off by that. An error of `body` that is no
///   cancellation is thrown as it is, even if the time was over.
///   If the caller is cancelled, so is `body`, and its `CancellationError` is passed on.
@inlinable
public func withTimeout<Success>(
  _ limit: Duration, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping () async throws -> Success
) async throws -> Success {
  guard isolation != nil else {
    return try await withTimeout(until: EventLoop.current.now + limit, given: limit, isolation: isolation, body)
  }
  return try await TimeLimit(limit).run(isolation: isolation, body)
}

/// Runs `body` with an instant of the loop's clock at which it must have ended.
///
/// When the instant comes, `body` is cancelled, and this function waits for its end. A value that
/// it returns all the same is returned. An instant in the past cancels it at its first wait;
/// ``Instant/distantFuture`` is no limit.
///
/// - Throws: As ``withTimeout(_:isolation:_:)``.
@inlinable
public func withTimeout<Success>(
  until deadline: Instant, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping () async throws -> Success
) async throws -> Success {
  try await withTimeout(until: deadline, given: nil, isolation: isolation, body)
}

/// As the public form.
///
/// - Parameter timeout: The duration that was given, for the error.
@inlinable
func withTimeout<Success>(
  until deadline: Instant, given timeout: Duration?, isolation: isolated (any Actor)?,
  _ body: @escaping () async throws -> Success
) async throws -> Success {
  guard isolation != nil else {
    return try await inLoopActor {
      try await withTimeout(until: deadline, given: timeout, isolation: #isolation, body)
    }
  }
  return try await TimeLimit(until: deadline, given: timeout).run(isolation: isolation, body)
}
