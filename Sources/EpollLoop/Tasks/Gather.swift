/// Runs an operation for each item at once, and returns the results in the order of the items.
///
/// If one fails, the others are cancelled, and its error is thrown after all have ended; errors that
/// come later are dropped. If the waiting task is cancelled, all are. The cost is linear, in whatever
/// order they end; with a limit, there is never more in memory than the limit and the results.
///
/// ```swift
/// let pages = try await gather(over: urls, limit: 20, progress: { print($0.finished, "of", urls.count) }) {
///   try await fetch($0)
/// }
/// ```
///
/// - Parameters:
///   - items: What to run it for.
///   - limit: How many run at once at the most; more than zero.
///   - isolation: Where they run; the caller's, unless given.
///   - progress: Called after each operation's end, on the loop, in the order of the ends.
///   - body: What to do with an item.
/// - Returns: The values, in the order of the items.
/// - Throws: The first error; `CancellationError` if the waiting task is cancelled and an operation was cut
///   short by that, or never began.
public func gather<Item, Success>(
  over items: some Sequence<Item>, limit: Int = .max, isolation: isolated (any Actor)? = #isolation,
  progress: ((GatherProgress) -> Void)? = nil, _ body: @escaping (Item) async throws -> Success
) async throws -> [Success] {
  guard isolation != nil else {
    return try await inLoopActor { try await gather(over: items, limit: limit, progress: progress, body) }
  }
  let gathering = Gathering<Item, Success>(cancelsOthers: true, progress, body)
  await gathering.run(over: items, limit: limit, isolation: isolation)
  if let failure = gathering.children.failure { throw failure }
  return try gathering.results.map { try $0.get() }
}

/// Runs an operation for each item at once, and returns what became of each, in their order.
///
/// No error cancels the others. If the waiting task is cancelled, all are, and those that have not
/// started yet fail with `CancellationError`.
///
/// - Parameters:
///   - items: What to run it for.
///   - limit: How many run at once at the most; more than zero.
///   - isolation: Where they run; the caller's, unless given.
///   - progress: Called after each operation's end, on the loop, in the order of the ends.
///   - body: What to do with an item.
/// - Returns: A result for each item, in their order.
public func gatherSettled<Item, Success>(
  over items: some Sequence<Item>, limit: Int = .max, isolation: isolated (any Actor)? = #isolation,
  progress: ((GatherProgress) -> Void)? = nil, _ body: @escaping (Item) async throws -> Success
) async -> [Result<Success, any Error>] {
  guard isolation != nil else {
    return await inLoopActor { await gatherSettled(over: items, limit: limit, progress: progress, body) }
  }
  let gathering = Gathering<Item, Success>(cancelsOthers: false, progress, body)
  await gathering.run(over: items, limit: limit, isolation: isolation)
  return gathering.results
}

/// Runs several operations at once, and returns their results as a tuple in their order.
///
/// If one fails, the others are cancelled, and its error is thrown after all have ended; errors that
/// come later are dropped. If the waiting task is cancelled, all are.
///
/// - Parameters:
///   - bodies: What to run.
///   - isolation: Where they run; the caller's, unless given.
/// - Returns: The values, in the order of the operations.
/// - Throws: The first error; `CancellationError` if the waiting task is cancelled and an operation was cut
///   short by that, or never began.
public func gather<each Success>(
  _ bodies: repeat @escaping () async throws -> each Success,
  isolation: isolated (any Actor)? = #isolation
) async throws -> (repeat each Success) {
  guard isolation != nil else { return try await inLoopActor { try await gather(repeat each bodies) } }
  let children = Children()
  let tasks = (repeat children.start(cancelsOthers: true, isolation: isolation, each bodies))
  await children.join()
  if let failure = children.failure { throw failure }
  return (repeat try (each tasks).result.get())
}

/// Runs several operations at once, and returns what became of each as a tuple in their order.
///
/// No error cancels the others. If the waiting task is cancelled, all are.
///
/// - Parameters:
///   - bodies: What to run.
///   - isolation: Where they run; the caller's, unless given.
/// - Returns: A result for each operation, in their order.
public func gatherSettled<each Success>(
  _ bodies: repeat @escaping () async throws -> each Success,
  isolation: isolated (any Actor)? = #isolation
) async -> (repeat Result<each Success, any Error>) {
  guard isolation != nil else { return await inLoopActor { await gatherSettled(repeat each bodies) } }
  let children = Children()
  let tasks = (repeat children.start(cancelsOthers: false, isolation: isolation, each bodies))
  await children.join()
  return (repeat (each tasks).result)
}

/// How far a ``gather(over:limit:isolation:progress:_:)`` has come.
public struct GatherProgress: Sendable, Hashable {
  /// How many operations have ended, with a value or an error.
  public internal(set) var finished = 0
  /// How many of them have ended with an error.
  public internal(set) var failed = 0
  /// How many items there are; nil if their sequence cannot tell before its end, and has not come to it.
  public internal(set) var total: Int?
}

/// The items of one gather and what became of them: one array for all, no object for each.
private final class Gathering<Item, Success> {
  let children = Children()
  /// The outcomes in the order of the items; nil as long as one runs, or if it never started.
  private var outcomes: [Result<Success, any Error>?] = []
  private let cancelsOthers: Bool
  private var state = GatherProgress()
  private let progress: ((GatherProgress) -> Void)?
  private let body: (Item) async throws -> Success

  init(
    cancelsOthers: Bool, _ progress: ((GatherProgress) -> Void)?, _ body: @escaping (Item) async throws -> Success
  ) {
    self.cancelsOthers = cancelsOthers
    self.progress = progress
    self.body = body
  }

  /// The outcomes, when all have ended.
  var results: [Result<Success, any Error>] {
    outcomes.map { $0 ?? .failure(CancellationError()) }
  }

  /// Runs the operation for each item, and waits until all have ended.
  func run(over items: some Sequence<Item>, limit: Int, isolation: isolated (any Actor)?) async {
    precondition(limit > 0, "A limit on concurrency is more than zero")
    if progress != nil { state.total = (items as? any Collection<Item>)?.count }
    outcomes.reserveCapacity(items.underestimatedCount)
    for item in items {
      let hasRoom = await children.makeRoom(limit)
      if !hasRoom, cancelsOthers {
        // Not all have been started: it cannot end well, even if all that were do.
        children.fail(CancellationError())
        return await children.list.drain()
      }
      // Who asks what became of each item gets an answer for each.
      outcomes.append(nil)
      if hasRoom { start(item, isolation: isolation) }
    }
    state.total = outcomes.count
    await children.join()
  }

  private func start(_ item: Item, isolation: isolated (any Actor)?) {
    let place = outcomes.count - 1
    children.start(isolation: isolation) {
      do {
        self.end(place, .success(try await self.body(item)))
      } catch {
        self.end(place, .failure(error))
      }
    }
  }

  private func end(_ place: Int, _ outcome: Result<Success, any Error>) {
    outcomes[place] = outcome
    state.finished += 1
    if case .failure(let error) = outcome {
      state.failed += 1
      if cancelsOthers { children.fail(error) }
    }
    progress?(state)
  }
}
