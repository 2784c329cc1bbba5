/// Runs several operations at once, and returns their results as a tuple in their order.
///
/// If one fails, the others are cancelled, and its error is thrown after all have ended; errors that
/// come later are dropped. If the waiting task is cancelled, all are.
///
/// - Parameters:
///   - bodies: What to run.
///   - isolation: Where they run; defaults to the caller's.
/// - Returns: The values, in the order of the operations.
/// - Throws: The first error; `CancellationError` if the waiting task is cancelled and an operation was cut
///   short by that, or never began.
@inlinable
public func gather<each Success>(
  _ bodies: repeat @escaping () async throws -> each Success,
  isolation: isolated (any Actor)? = #isolation
) async throws -> (repeat each Success) {
  guard isolation != nil else { return try await inLoopActor { try await gather(repeat each bodies) } }
  let children = PackedChildren(cancelsOthers: true)
  repeat children.start(isolation: isolation, each bodies)
  try await children.joinUnlessFailed()
  return (repeat try children.nextValue((each Success).self))
}

/// Runs several operations at once, and returns what became of each as a tuple in their order.
///
/// No error cancels the others. If the waiting task is cancelled, all are.
///
/// - Parameters:
///   - bodies: What to run.
///   - isolation: Where they run; defaults to the caller's.
/// - Returns: A result for each operation, in their order.
@inlinable
public func gatherSettled<each Success>(
  _ bodies: repeat @escaping () async throws -> each Success,
  isolation: isolated (any Actor)? = #isolation
) async -> (repeat Result<each Success, any Error>) {
  guard isolation != nil else { return await inLoopActor { await gatherSettled(repeat each bodies) } }
  let children = PackedChildren(cancelsOthers: false)
  repeat children.start(isolation: isolation, each bodies)
  await children.join()
  return (repeat children.nextResult((each Success).self))
}

/// Runs two operations at once; as ``gather(_:isolation:)``, of which it is the form for two.
@inlinable
public func gather<First, Second>(
  _ first: @escaping () async throws -> First, _ second: @escaping () async throws -> Second,
  isolation: isolated (any Actor)? = #isolation
) async throws -> (First, Second) {
  guard isolation != nil else { return try await inLoopActor { try await gather(first, second) } }
  let children = Children(cancelsOthers: true)
  let first = children.startChild(isolation: isolation, first)
  let second = children.startChild(isolation: isolation, second)
  try await children.joinUnlessFailed()
  return (try first.result.get(), try second.result.get())
}

/// Runs three operations at once; as ``gather(_:isolation:)``, of which it is the form for three.
@inlinable
public func gather<First, Second, Third>(
  _ first: @escaping () async throws -> First, _ second: @escaping () async throws -> Second,
  _ third: @escaping () async throws -> Third,
  isolation: isolated (any Actor)? = #isolation
) async throws -> (First, Second, Third) {
  guard isolation != nil else { return try await inLoopActor { try await gather(first, second, third) } }
  let children = Children(cancelsOthers: true)
  let first = children.startChild(isolation: isolation, first)
  let second = children.startChild(isolation: isolation, second)
  let third = children.startChild(isolation: isolation, third)
  try await children.joinUnlessFailed()
  return (try first.result.get(), try second.result.get(), try third.result.get())
}

/// Runs four operations at once; as ``gather(_:isolation:)``, of which it is the form for four.
@inlinable
public func gather<First, Second, Third, Fourth>(
  _ first: @escaping () async throws -> First, _ second: @escaping () async throws -> Second,
  _ third: @escaping () async throws -> Third, _ fourth: @escaping () async throws -> Fourth,
  isolation: isolated (any Actor)? = #isolation
) async throws -> (First, Second, Third, Fourth) {
  guard isolation != nil else { return try await inLoopActor { try await gather(first, second, third, fourth) } }
  let children = Children(cancelsOthers: true)
  let first = children.startChild(isolation: isolation, first)
  let second = children.startChild(isolation: isolation, second)
  let third = children.startChild(isolation: isolation, third)
  let fourth = children.startChild(isolation: isolation, fourth)
  try await children.joinUnlessFailed()
  return (try first.result.get(), try second.result.get(), try third.result.get(), try fourth.result.get())
}

/// Children whose types are a pack: the compiler does not specialise what is done for the elements of one.
///
/// So their values are kept as `Any`, and no type is looked up.
@usableFromInline
final class PackedChildren: Children {
  @exclusivity(unchecked) private var tasks: [SpawnedTask] = []
  @exclusivity(unchecked) private var taken = 0

  /// Starts the next one.
  @inlinable
  func start<Success>(isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success) {
    startAny(isolation: isolation) { try await body() }
  }

  /// The value of the next one, or its error.
  @inlinable
  func nextValue<Success>(_ type: Success.Type) throws -> Success {
    untyped(try nextAny())
  }

  /// What became of the next one.
  @inlinable
  func nextResult<Success>(_ type: Success.Type) -> Result<Success, any Error> {
    Result { try nextValue(type) }
  }

  /// Starts the next one, whose value comes as `Any`.
  @usableFromInline
  func startAny(isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Any) {
    let task = add()
    tasks.append(task)
    task.start(UntypedWork(body: body), isolation: isolation)
  }

  /// The value of the next one as `Any`, or its error.
  @usableFromInline
  func nextAny() throws -> Any {
    let task = tasks[taken]
    taken += 1
    switch task.ending {
    case .succeeded:
      guard let value = task.kept.boxed else { preconditionFailure("A task succeeded without a value") }
      return value
    case .failed(let error): throw error
    case .none: throw CancellationError()
    }
  }
}

/// A body whose value comes as `Any`: a generic one would box it once more.
private struct UntypedWork: TaskWork {
  let body: () async throws -> Any

  nonisolated(nonsending) func run(for task: LentTask) async throws {
    let value = try await body()
    task.lend { $0.kept.boxed = value }
  }
}
