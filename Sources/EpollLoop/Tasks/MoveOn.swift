/// Runs `body` with a timeout, and goes on without an error when the time is over.
///
/// ```swift
/// if try await moveOn(after: .seconds(2), { try await refresh() }) == nil { print("not refreshed") }
/// ```
///
/// When the time is over, `body` is cancelled, and this function waits for its end: `move_on_after` of Trio. A value
/// that `body` returns all the same is returned. Zero or negative durations cancel it at its first wait.
///
/// - Parameters:
///   - timeout: The duration that it may take, on the loop's clock.
///   - isolation: Where it runs; defaults to the caller's isolation.
///   - body: What to run.
/// - Returns: The value of `body`; nil if it was cut off.
/// - Throws: An error of `body` that is no cancellation, even if the time was over; also the ``TimeoutError`` of
///   another timeout within `body`. If the caller is cancelled, so is `body`, and its `CancellationError` is passed
///   on.
@discardableResult
@inlinable
public func moveOn<Success>(
  after timeout: Duration, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping () async throws -> Success
) async throws -> Success? {
  guard isolation != nil else {
    return try await moveOn(at: EventLoop.current.now + timeout, isolation: isolation, body)
  }
  return try await TimeLimit(timeout).runUntilOver(isolation: isolation, body)
}

/// Runs `body` with a deadline on the loop's clock, and goes on without an error when the deadline has come.
///
/// As ``moveOn(after:isolation:_:)``. A deadline in the past cancels `body` at its first wait;
/// ``Instant/distantFuture`` never comes.
@discardableResult
@inlinable
public func moveOn<Success>(
  at deadline: Instant, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping () async throws -> Success
) async throws -> Success? {
  guard isolation != nil else {
    return try await inLoopActor { try await moveOn(at: deadline, isolation: #isolation, body) }
  }
  return try await TimeLimit(until: deadline, given: nil).runUntilOver(isolation: isolation, body)
}
