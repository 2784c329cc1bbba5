/// Starts operations one after the other, each when the one before has failed or a delay has passed,
/// and returns the value of the first that succeeds.
///
/// The first success cancels the others, and all have ended when this returns; a value that comes too
/// late is dropped. If the waiting task is cancelled, all are.
///
/// - Throws: The last error if all fail; `CancellationError` if the waiting task is cancelled.
func race<Success>(
  staggeredBy delay: Duration, isolation: isolated (any Actor)? = #isolation,
  _ bodies: [() async throws -> Success]
) async throws -> Success {
  precondition(!bodies.isEmpty, "A race needs a runner")
  let race = StaggeredRace<Success>()
  for body in bodies where race.winner == nil {
    race.start(isolation: isolation, body)
    guard await race.waitForNews(atMost: delay) else { break }
  }
  await race.list.join()
  if let winner = race.winner { return winner }
  throw race.lastError ?? CancellationError()
}

private final class StaggeredRace<Success> {
  let list = TaskList(LoopCore.current)
  private(set) var winner: Success?
  private(set) var lastError: (any Error)?
  /// Who waits for the present runner to end.
  private var starter = Waiter.nobody

  func start(isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success) {
    let task = Child<Void>(in: list)
    task.start(isolation: isolation) { [self] in
      do {
        let value = try await body()
        guard winner == nil else { return }
        winner = value
        list.cancelAll()
      } catch {
        lastError = error
      }
      list.core.wake(starter, .ready)
    }
  }

  /// Waits until a runner has ended, or for a delay.
  ///
  /// - Returns: False if the waiting task was cancelled.
  nonisolated(nonsending) func waitForNews(atMost delay: Duration) async -> Bool {
    let core = list.core
    let wake = await core.park(for: "race") { waiter in
      starter = waiter
      core.schedule(waiter, at: core.now + delay)
    }
    return wake != .cancelled
  }
}
