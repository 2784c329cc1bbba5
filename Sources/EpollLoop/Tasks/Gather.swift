/// Runs an operation for each item at once, and returns the results in the order of the items.
///
/// If one fails, the others are cancelled, and its error is thrown after all have ended. If the
/// waiting task is cancelled, all are. The cost is linear, in whatever order they end.
///
/// - Parameters:
///   - items: What to run it for.
///   - limit: How many run at once at the most; more than zero.
///   - isolation: Where they run; the caller's, unless given.
///   - body: What to do with an item.
/// - Throws: The first error.
public func gather<Item, Success>(
  over items: some Sequence<Item>, limit: Int = .max, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping (Item) async throws -> Success
) async throws -> [Success] {
  let children = Children()
  var tasks: [Child<Success>] = []
  for item in items {
    guard await children.makeRoom(limit) else { break }
    tasks.append(children.start(cancelsOthers: true, isolation: isolation) { try await body(item) })
  }
  try await children.join()
  return try tasks.map { try children.result(of: $0).get() }
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
///   - body: What to do with an item.
public func gatherSettled<Item, Success>(
  over items: some Sequence<Item>, limit: Int = .max, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping (Item) async throws -> Success
) async -> [Result<Success, any Error>] {
  let children = Children()
  var tasks: [Child<Success>] = []
  for item in items {
    _ = await children.makeRoom(limit)
    tasks.append(children.start(cancelsOthers: false, isolation: isolation) { try await body(item) })
  }
  await children.list.join()
  return tasks.map(children.result(of:))
}

/// Runs several operations at once, and returns their results as a tuple in their order.
///
/// If one fails, the others are cancelled, and its error is thrown after all have ended. If the
/// waiting task is cancelled, all are.
///
/// - Parameters:
///   - bodies: What to run.
///   - isolation: Where they run; the caller's, unless given.
/// - Throws: The first error.
public func gather<each Success>(
  _ bodies: repeat @escaping () async throws -> each Success,
  isolation: isolated (any Actor)? = #isolation
) async throws -> (repeat each Success) {
  let children = Children()
  let tasks = (repeat children.start(cancelsOthers: true, isolation: isolation, each bodies))
  try await children.join()
  return (repeat try children.result(of: each tasks).get())
}

/// Runs several operations at once, and returns what became of each as a tuple in their order.
///
/// No error cancels the others. If the waiting task is cancelled, all are.
///
/// - Parameters:
///   - bodies: What to run.
///   - isolation: Where they run; the caller's, unless given.
public func gatherSettled<each Success>(
  _ bodies: repeat @escaping () async throws -> each Success,
  isolation: isolated (any Actor)? = #isolation
) async -> (repeat Result<each Success, any Error>) {
  let children = Children()
  let tasks = (repeat children.start(cancelsOthers: false, isolation: isolation, each bodies))
  await children.list.join()
  return (repeat children.result(of: each tasks))
}

/// Tasks that their parent waits for, and the first error among them.
final class Children {
  let list = TaskList(LoopCore.current)
  private var firstError: (any Error)?

  /// Starts a child; if `cancelsOthers`, its error ends all.
  func start<Success>(
    cancelsOthers: Bool, isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) -> Child<Success> {
    let child = Child<Success>(in: list)
    child.start(isolation: isolation) { [self] in
      do {
        return try await body()
      } catch {
        if cancelsOthers, firstError == nil {
          firstError = error
          list.cancelAll()
        }
        throw error
      }
    }
    return child
  }

  /// Waits until fewer than `limit` are running.
  ///
  /// - Returns: False if no more should be started: one has failed, or the parent was cancelled.
  nonisolated(nonsending) func makeRoom(_ limit: Int) async -> Bool {
    precondition(limit > 0, "A limit on concurrency is more than zero")
    if firstError == nil, list.count >= limit, await !list.shrink(to: limit - 1) {
      list.cancelAll()
      await list.drain()
      firstError = firstError ?? CancellationError()
    }
    return firstError == nil
  }

  /// Waits until all have ended.
  ///
  /// - Throws: The first error.
  nonisolated(nonsending) func join() async throws {
    await list.join()
    if let firstError { throw firstError }
  }

  /// What became of a child that has ended.
  func result<Success>(of child: Child<Success>) -> Result<Success, any Error> {
    child.outcome ?? .failure(CancellationError())
  }
}
