/// What an offloaded call has returned, and how long it took, on CLOCK_MONOTONIC_RAW.
public struct Offloaded<Success: Sendable>: Sendable {
  /// What it returned.
  public let value: Success
  /// How long the call waited for a thread.
  public let queueWait: Duration
  /// How long it ran there.
  public let runTime: Duration
}

/// Makes a call that blocks on a thread of a pool, while the loop goes on.
///
/// The call sees the `@TaskLocal` values of the task that makes it. If the task has any, a task of Swift's is created to
/// carry them, and the call runs in it: `withUnsafeCurrentTask` finds one, which is never cancelled.
///
/// - Parameters:
///   - pool: Whose thread; ``ThreadPool/shared`` unless given.
///   - work: The call. It runs on another thread: it must not touch the loop.
/// - Returns: What it returned.
/// - Throws: The error of `work`. `CancellationError` if the task is cancelled before a thread has
///   taken the call, and then it is never made; once it runs, this waits for its end and returns
///   its result. ``IOError`` if no thread at all can be started.
@inlinable
public func offload<Success: Sendable>(
  on pool: ThreadPool = .shared, _ work: @escaping @Sendable () throws -> Success
) async throws -> Success {
  untyped(try await OffloadedCall({ try work() }).value(from: pool))
}

/// As ``offload(on:_:)``, and says how long the call has waited and how long it ran.
public func offloadMeasured<Success: Sendable>(
  on pool: ThreadPool = .shared, _ work: @escaping @Sendable () throws -> Success
) async throws -> Offloaded<Success> {
  let submitted = Instant.measuringNow
  return try await offload(on: pool) {
    let started = Instant.measuringNow
    let value = try work()
    return Offloaded(value: value, queueWait: started - submitted, runTime: Instant.measuringNow - started)
  }
}
