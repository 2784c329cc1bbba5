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
@inlinable
public func gather<Item, Success>(
  over items: some Sequence<Item>, limit: Int = .max, isolation: isolated (any Actor)? = #isolation,
  progress: ((GatherProgress) -> Void)? = nil, _ body: @escaping (Item) async throws -> Success
) async throws -> [Success] {
  guard isolation != nil else {
    return try await inLoopActor { try await gather(over: items, limit: limit, progress: progress, body) }
  }
  let gathering = Gathering<Success>(cancelsOthers: true, progress)
  await gathering.run(over: items, limit: limit, isolation: isolation, body)
  if let failure = gathering.children.failure { throw failure }
  return try gathering.outcomes.map { outcome in
    guard let outcome else { throw CancellationError() }
    return try outcome.get()
  }
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
@inlinable
public func gatherSettled<Item, Success>(
  over items: some Sequence<Item>, limit: Int = .max, isolation: isolated (any Actor)? = #isolation,
  progress: ((GatherProgress) -> Void)? = nil, _ body: @escaping (Item) async throws -> Success
) async -> [Result<Success, any Error>] {
  guard isolation != nil else {
    return await inLoopActor { await gatherSettled(over: items, limit: limit, progress: progress, body) }
  }
  let gathering = Gathering<Success>(cancelsOthers: false, progress)
  await gathering.run(over: items, limit: limit, isolation: isolation, body)
  return gathering.outcomes.map { $0 ?? .failure(CancellationError()) }
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

/// The tasks of one gather, and how far they have come.
@usableFromInline
final class GatherChildren: Children {
  @exclusivity(unchecked) private var state = GatherProgress()
  private let progress: ((GatherProgress) -> Void)?

  @usableFromInline
  init(cancelsOthers: Bool, _ progress: ((GatherProgress) -> Void)?) {
    self.progress = progress
    super.init(cancelsOthers: cancelsOthers)
  }

  /// Whether how far they have come is reported.
  @usableFromInline
  var isReported: Bool { progress != nil }

  /// Says how many items there are.
  @usableFromInline
  func setTotal(_ total: Int?) {
    state.total = total
  }

  /// Counts the end of an operation.
  @usableFromInline
  func end(_ error: (any Error)? = nil) {
    state.finished += 1
    if let error {
      state.failed += 1
      childFailed(error)
    }
    progress?(state)
  }

  /// Ends a gather not all of whose operations were started: it cannot end well, even if all that were do.
  @usableFromInline
  nonisolated(nonsending) func cutShort() async {
    fail(CancellationError())
    await drain()
  }
}

/// What became of the items of one gather: one array for all, no object for each.
@usableFromInline
final class Gathering<Success> {
  @usableFromInline let children: GatherChildren
  /// The outcomes in the order of the items; nil as long as one runs, or if it never started.
  @exclusivity(unchecked) @usableFromInline var outcomes: [Result<Success, any Error>?] = []
  @usableFromInline let cancelsOthers: Bool

  @inlinable
  init(cancelsOthers: Bool, _ progress: ((GatherProgress) -> Void)?) {
    self.cancelsOthers = cancelsOthers
    children = GatherChildren(cancelsOthers: cancelsOthers, progress)
  }

  /// Runs the operation for each item, and waits until all have ended.
  @inlinable
  func run<Item>(
    over items: some Sequence<Item>, limit: Int, isolation: isolated (any Actor)?,
    _ body: @escaping (Item) async throws -> Success
  ) async {
    precondition(limit > 0, "A limit on concurrency is more than zero")
    if children.isReported { children.setTotal((items as? any Collection<Item>)?.count) }
    outcomes.reserveCapacity(items.underestimatedCount)
    for item in items {
      var hasRoom = children.hasRoom(limit)
      if !hasRoom { hasRoom = await children.makeRoom(limit) }
      if !hasRoom, cancelsOthers { return await children.cutShort() }
      // Who asks what became of each item gets an answer for each.
      let place = outcomes.count
      outcomes.append(nil)
      guard hasRoom else { continue }
      children.add().start(GatherWork(self, place, item, body), isolation: isolation)
    }
    children.setTotal(outcomes.count)
    await children.join()
  }
}

/// The operation for one item of a gather.
@usableFromInline
struct GatherWork<Item, Success>: TaskWork {
  @usableFromInline let gathering: Gathering<Success>
  @usableFromInline let place: Int
  @usableFromInline let item: Item
  @usableFromInline let body: (Item) async throws -> Success

  @inlinable
  init(_ gathering: Gathering<Success>, _ place: Int, _ item: Item, _ body: @escaping (Item) async throws -> Success) {
    self.gathering = gathering
    self.place = place
    self.item = item
    self.body = body
  }

  @inlinable
  @inline(__always)
  nonisolated(nonsending) func run(for task: LentTask) async throws {
    do {
      gathering.outcomes[place] = .success(try await body(item))
      gathering.children.end()
    } catch {
      gathering.outcomes[place] = .failure(error)
      gathering.children.end(error)
    }
  }
}
