/// Runs `body` to its end, although the caller is cancelled meanwhile, or was before.
///
/// For what must not be left half done, such as giving a lease back. The value is returned also if the
/// caller was cancelled; the cancellation stays, and ends the caller's next wait. What `body` cancels
/// or times out by itself ends as ever. A body that never ends holds the caller for ever: put a
/// ``withTimeout(_:isolation:_:)`` into it.
///
/// As a shielded scope of Trio it leaves nothing behind. The `shield` of asyncio leaves the inner task
/// running on its own and throws `CancellationError` at the caller; that is what awaiting a handle does:
/// `try await spawn { … }.value`, for ``TaskHandle/value`` never cancels the task that it waits for.
///
/// - Parameters:
///   - isolation: Where it runs; the caller's, unless given.
///   - body: What to do. It is a task of its own, which nobody else cancels.
/// - Returns: The value of `body`.
/// - Throws: The error of `body`.
@inlinable
public func shield<Success>(
  isolation: isolated (any Actor)? = #isolation, _ body: @escaping () async throws -> Success
) async throws -> Success {
  guard isolation != nil else { return try await inLoopActor { try await shield(body) } }
  let children = Children()
  let child = children.startBody(isolation: isolation, body)
  await children.drain()
  return try child.result.get()
}
