/// Runs work of a caller that is isolated to no actor in the actor of the loop that runs on this thread.
///
/// For what returns when all that it has started has ended: `gather`, scopes, races, timeouts. The caller is suspended
/// meanwhile, so nothing that the work uses is used elsewhere. Closures that Swift 6.3 takes for nonisolated, such as
/// those written in a task group's, still run on the loop without an actor. Work that goes on after its caller, such as a
/// spawned task, traps instead (``EventLoop/requireActor(_:_:)``).
@usableFromInline
func inLoopActor<Success, Failure: Error>(
  _ work: nonisolated(nonsending) @escaping () async throws(Failure) -> Success
) async throws(Failure) -> Success {
  let loop = LoopCore.current.face
  let carried = CarriedWork(work)
  if loop.bound.core.ownsProcess { return try await carried.runInMainActor().value }
  return try await loop.actor.run(carried).value
}

/// Work on its way to an actor.
// SAFETY: the caller waits for its end and does not use it meanwhile.
private final class CarriedWork<Success, Failure: Error>: @unchecked Sendable {
  fileprivate let work: nonisolated(nonsending) () async throws(Failure) -> Success

  init(_ work: nonisolated(nonsending) @escaping () async throws(Failure) -> Success) {
    self.work = work
  }

  @MainActor func runInMainActor() async throws(Failure) -> CarriedResult<Success> {
    CarriedResult(value: try await work())
  }
}

/// A result on its way back.
// SAFETY: the work has ended, and nothing else refers to it.
private struct CarriedResult<Success>: @unchecked Sendable {
  let value: Success
}

extension LoopActor {
  fileprivate func run<Success, Failure>(
    _ carried: CarriedWork<Success, Failure>
  ) async throws(Failure) -> CarriedResult<Success> {
    CarriedResult(value: try await carried.work())
  }
}
