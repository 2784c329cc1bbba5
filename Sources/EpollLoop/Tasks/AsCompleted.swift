/// What became of one of several tasks.
public struct Completion<Success> {
  /// Its place among the tasks, or that of its item among the items.
  public let index: Int
  /// Its value or its error.
  public let result: Result<Success, any Error>

  @inlinable
  init(index: Int, result: Result<Success, any Error>) {
    self.index = index
    self.result = result
  }

  /// Its value.
  ///
  /// - Throws: Its error.
  @inlinable public var value: Success {
    get throws { try result.get() }
  }
}

/// What became of several tasks, in the order of their ends: see ``asCompleted(_:)`` and
/// ``withAsCompleted(over:limit:isolation:_:body:)``.
///
/// Each loop over the first gives all of them; loops over the second share them, each comes once. One task at
/// a time may wait for the next.
public struct Completions<Success>: AsyncSequence {
  /// Waits for one task's end after the other.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let endings: Endings
    /// Starts what there is room for.
    @usableFromInline let feed: () -> Void
    /// What became of the task of a number.
    @usableFromInline let take: (Int) -> Completion<Success>
    /// Whether some will never be started.
    @usableFromInline let isCut: () -> Bool

    @inlinable
    init(
      endings: Endings, feed: @escaping () -> Void, take: @escaping (Int) -> Completion<Success>,
      isCut: @escaping () -> Bool
    ) {
      self.endings = endings
      self.feed = feed
      self.take = take
      self.isCut = isCut
    }

    /// Waits for the next task's end.
    ///
    /// - Returns: What became of it; nil if all have been given, or after the end of what ran them.
    /// - Throws: `CancellationError` if the waiting task is cancelled first, or if some are not started because
    ///   all were cancelled. Never a task's error.
    @inlinable
    public mutating func next() async throws -> Completion<Success>? {
      try await next(isolation: #isolation)
    }

    /// Waits for the next task's end; as ``next()``.
    @inlinable
    public mutating func next(isolation: isolated (any Actor)?) async throws -> Completion<Success>? {
      feed()
      if let number = try await endings.next() { return take(number) }
      if isCut() { throw CancellationError() }
      return nil
    }
  }

  @usableFromInline let makeIterator: () -> Iterator

  @inlinable
  init(_ makeIterator: @escaping () -> Iterator) {
    self.makeIterator = makeIterator
  }

  /// Begins to wait.
  @inlinable
  public func makeAsyncIterator() -> Iterator {
    makeIterator()
  }
}

/// Gives what became of tasks, in the order of their ends.
///
/// ```swift
/// for try await download in asCompleted(downloads) {
///   print(urls[download.index], try download.value)
///   if enough { break }
/// }
/// ```
///
/// It cancels nothing: tasks that have not ended when the loop is left go on, and so do all if the
/// waiting task is cancelled. An error that the loop has been given counts as seen.
///
/// - Parameter handles: The tasks. Those that have ended before the loop begins come first, in this order.
@inlinable
public func asCompleted<Success>(_ handles: [TaskHandle<Success>]) -> Completions<Success> {
  Completions {
    let endings = Endings()
    for (number, handle) in handles.enumerated() {
      handle.task.checkThread("asCompleted")
      endings.watch(handle.task, as: number)
    }
    return Completions.Iterator(
      endings: endings, feed: {}, take: { Completion(index: $0, result: handles[$0].takeResult()) }, isCut: { false })
  }
}

/// Runs an operation for each item, and gives `body` what became of each, in the order of the ends.
///
/// ```swift
/// let first = try await withAsCompleted(over: mirrors, limit: 8) { mirror in
///   try await fetch(mirror)
/// } body: { pages in
///   for try await page in pages { if let text = try? page.value { return text } }
///   throw NothingFound()
/// }
/// ```
///
/// When `body` ends, the operations that have not are cancelled, and their ends awaited: nothing goes
/// on behind the caller. An operation's error cancels nothing; it is given to `body`. If the caller is
/// cancelled, so is everything.
///
/// - Parameters:
///   - items: What to run it for. They are asked for one at a time, when there is room.
///   - limit: How many run, or wait to be given to `body`, at the most; more than zero. So a slow `body`
///     slows the starting.
///   - isolation: Where all of it runs; the caller's, unless given.
///   - operation: What to do with an item.
///   - body: What to do with the results. It is a task of its own.
/// - Returns: The value of `body`.
/// - Throws: The error of `body`.
@inlinable
public func withAsCompleted<Item, Success, Outcome>(
  over items: some Sequence<Item>, limit: Int = .max, isolation: isolated (any Actor)? = #isolation,
  _ operation: @escaping (Item) async throws -> Success,
  body: @escaping (Completions<Success>) async throws -> Outcome
) async throws -> Outcome {
  precondition(limit > 0, "A limit on concurrency is more than zero")
  guard isolation != nil else {
    return try await inLoopActor { try await withAsCompleted(over: items, limit: limit, operation, body: body) }
  }
  let children = Children()
  let results = CompletionQueue<Success>()
  let endings = results.endings
  var numbered = items.enumerated().makeIterator()
  let feed = {
    while endings.count < limit, !children.isCancelled, let (number, item) = numbered.next() {
      endings.expect()
      children.add().start(
        CompletionWork(results, number, item, operation), skipsIfCancelled: false, isolation: isolation)
    }
  }
  let completions = Completions {
    Completions<Success>.Iterator(
      endings: endings, feed: feed, take: { _ in results.takeFirst() },
      isCut: { children.isCancelled && !endings.isClosed && numbered.next() != nil })
  }
  let child = children.startBody(isolation: isolation) {
    defer {
      endings.close()
      children.cancel()
    }
    return try await body(completions)
  }
  await children.join()
  return try child.result.get()
}

/// What became of operations and has not been taken, in the order in which ``Endings`` gives their numbers.
@usableFromInline
final class CompletionQueue<Success> {
  @usableFromInline var completions = Ring<Completion<Success>>()
  @usableFromInline let endings = Endings()

  @inlinable
  init() {}

  @inlinable
  func append(_ completion: Completion<Success>) {
    completions.append(completion)
    endings.add(completion.index)
  }

  @inlinable
  func takeFirst() -> Completion<Success> {
    guard let completion = completions.removeFirst() else { preconditionFailure("An operation ended without a result") }
    return completion
  }
}

/// The operation for one item.
@usableFromInline
struct CompletionWork<Item, Success>: TaskWork {
  @usableFromInline let results: CompletionQueue<Success>
  @usableFromInline let number: Int
  @usableFromInline let item: Item
  @usableFromInline let operation: (Item) async throws -> Success

  @inlinable
  init(
    _ results: CompletionQueue<Success>, _ number: Int, _ item: Item,
    _ operation: @escaping (Item) async throws -> Success
  ) {
    self.results = results
    self.number = number
    self.item = item
    self.operation = operation
  }

  @inlinable
  @inline(__always)
  nonisolated(nonsending) func run(for task: LentTask) async throws {
    do {
      // One that is cancelled before it starts ends too: a task may wait for it behind a shield.
      if Task.isCancelled { throw CancellationError() }
      results.append(Completion(index: number, result: .success(try await operation(item))))
    } catch {
      results.append(Completion(index: number, result: .failure(error)))
    }
  }
}

extension TaskHandle {
  /// What became of a task that has ended; whoever asks has seen it.
  @inlinable
  func takeResult() -> Result<Success, any Error> {
    task.checkThread("asCompleted")
    guard let outcome = Child<Success>(task).outcome else {
      preconditionFailure("A task that has not ended has no result")
    }
    task.isObserved = true
    return outcome
  }
}
