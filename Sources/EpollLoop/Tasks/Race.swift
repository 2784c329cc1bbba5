/// Runs several operations at once; the first to end decides, and the others are cancelled.
///
/// Its value is returned, or its error thrown, after all have ended; what the others return or throw
/// is dropped. If the waiting task is cancelled, all are. To go on after an error until one succeeds,
/// take ``race(staggeredBy:isolation:_:)``; to wait for tasks that are to go on, take
/// ``wait(for:until:timeout:)``.
///
/// - Parameters:
///   - bodies: What to run; at least one.
///   - isolation: Where they run; the caller's, unless given.
/// - Returns: The value of the first to end.
/// - Throws: The error of the first to end; `CancellationError` if the waiting task is cancelled before
///   one has ended otherwise.
@inlinable
public func race<Success>(
  _ bodies: (() async throws -> Success)..., isolation: isolated (any Actor)? = #isolation
) async throws -> Success {
  try await race(over: bodies, isolation: isolation) { try await $0() }
}

/// Runs an operation for each item at once; the first to end decides, and the others are cancelled.
///
/// As ``race(_:isolation:)``.
///
/// - Parameters:
///   - items: What to run it for; at least one.
///   - isolation: Where they run; the caller's, unless given.
///   - body: What to do with an item.
/// - Returns: The value of the first to end.
/// - Throws: The error of the first to end; `CancellationError` if the waiting task is cancelled before.
@inlinable
public func race<Item, Success>(
  over items: some Sequence<Item>, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping (Item) async throws -> Success
) async throws -> Success {
  guard isolation != nil else { return try await inLoopActor { try await race(over: items, body) } }
  let children = Children()
  let finish = RaceFinish<Success>(children)
  for item in items { children.add().start(RaceWork(finish, item, body), isolation: isolation) }
  precondition(children.count > 0, "A race needs a runner")
  await children.join()
  return try (finish.first ?? .failure(CancellationError())).get()
}

/// Starts operations one after the other, each when one before has failed or a delay has passed since
/// the last start, and returns the value of the first that succeeds.
///
/// The first success cancels the others, and all have ended when this returns; a value that comes too
/// late is dropped. A delay of zero starts all at once. If the waiting task is cancelled, all are.
///
/// - Parameters:
///   - delay: How long the last one to start is given before the next one starts.
///   - isolation: Where they run; the caller's, unless given.
///   - bodies: What to run, in this order; at least one.
/// - Returns: The value of the first that succeeds.
/// - Throws: ``RaceError`` if all fail; `CancellationError` if the waiting task is cancelled before one
///   has succeeded.
public func race<Success>(
  staggeredBy delay: Duration, isolation: isolated (any Actor)? = #isolation,
  _ bodies: (() async throws -> Success)...
) async throws -> Success {
  try await race(over: bodies, staggeredBy: delay, isolation: isolation) { try await $0() }
}

/// Runs an operation for one item after the other, each when one before has failed or a delay has passed
/// since the last start, and returns the value of the first that succeeds.
///
/// As ``race(staggeredBy:isolation:_:)``.
///
/// ```swift
/// let page = try await race(over: mirrors, staggeredBy: .milliseconds(300)) { try await fetch($0) }
/// ```
///
/// - Parameters:
///   - items: What to run it for, in this order; at least one. Those that are not needed are not asked for.
///   - delay: How long the last one to start is given before the next one starts.
///   - isolation: Where they run; the caller's, unless given.
///   - body: What to do with an item.
/// - Returns: The value of the first that succeeds.
/// - Throws: ``RaceError`` if all fail; `CancellationError` if the waiting task is cancelled before.
public func race<Item, Success>(
  over items: some Sequence<Item>, staggeredBy delay: Duration, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping (Item) async throws -> Success
) async throws -> Success {
  guard isolation != nil else {
    return try await inLoopActor { try await race(over: items, staggeredBy: delay, body) }
  }
  let runners = StaggeredRace<Success>()
  var wasCancelled = false
  for item in items {
    runners.start(isolation: isolation) { try await body(item) }
    wasCancelled = await !runners.waitForNews(atMost: delay)
    if runners.winner != nil || wasCancelled { break }
  }
  precondition(!runners.errors.isEmpty, "A race needs a runner")
  if await runners.children.join() { wasCancelled = true }
  if let winner = runners.winner { return winner }
  throw wasCancelled ? CancellationError() : RaceError(errors: runners.errors.compactMap(\.self))
}

/// Every operation of a race has failed.
public struct RaceError: Error, CustomStringConvertible {
  /// The error of each operation, in the order of the operations.
  public let errors: [any Error]

  /// "all N failed: ERROR, …".
  public var description: String {
    "all \(errors.count) failed: " + errors.map { "\($0)" }.joined(separator: ", ")
  }
}

/// What became of the first runner of a race that has ended.
@usableFromInline
final class RaceFinish<Success> {
  @exclusivity(unchecked) @usableFromInline var first: Result<Success, any Error>?
  @usableFromInline let children: Children

  @inlinable
  init(_ children: Children) {
    self.children = children
  }

  /// Takes what became of a runner, if it is the first one, and ends the race.
  @inlinable
  func end(_ outcome: Result<Success, any Error>) {
    if first == nil { first = outcome }
    children.cancel()
  }
}

/// A runner of a race.
@usableFromInline
struct RaceWork<Item, Success>: TaskWork {
  @usableFromInline let finish: RaceFinish<Success>
  @usableFromInline let item: Item
  @usableFromInline let body: (Item) async throws -> Success

  @inlinable
  init(_ finish: RaceFinish<Success>, _ item: Item, _ body: @escaping (Item) async throws -> Success) {
    self.finish = finish
    self.item = item
    self.body = body
  }

  @inlinable
  @inline(__always)
  nonisolated(nonsending) func run(for task: LentTask) async throws {
    do {
      finish.end(.success(try await body(item)))
    } catch {
      finish.end(.failure(error))
    }
  }
}

private final class StaggeredRace<Success> {
  let children = Children()
  private(set) var winner: Success?
  /// By the number of the runner.
  private(set) var errors: [(any Error)?] = []
  /// Who waits for one of them to end.
  private var starter = Waiter.nobody

  func start(isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success) {
    let number = errors.count
    errors.append(nil)
    children.start(isolation: isolation) {
      do {
        let value = try await body()
        guard self.winner == nil else { return }
        self.winner = value
        self.children.cancel()
      } catch {
        self.errors[number] = error
      }
      self.children.core.wake(self.starter, .ready)
    }
  }

  /// Waits until a runner has ended, or for a delay.
  ///
  /// - Returns: False if the waiting task was cancelled.
  nonisolated(nonsending) func waitForNews(atMost delay: Duration) async -> Bool {
    let core = children.core
    let wake = await core.park(for: "race") { waiter in
      starter = waiter
      core.schedule(waiter, at: core.now + delay)
    }
    return wake != .cancelled
  }
}
