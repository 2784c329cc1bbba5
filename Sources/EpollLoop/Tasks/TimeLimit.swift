/// One child, and an instant at which it is cancelled.
@usableFromInline
final class TimeLimit: Children {
  /// Whether the instant has come.
  @exclusivity(unchecked) private(set) var isOver: Bool
  /// The instant; ``Instant/distantFuture`` for none.
  @exclusivity(unchecked) private(set) var deadline: Instant
  /// The duration that was given; nil once the deadline was moved.
  @exclusivity(unchecked) private var timeout: Duration?
  /// Cancels the child; gone once the child has ended.
  @exclusivity(unchecked) private var alarm = Waiter.nobody

  private init(at deadline: Instant, given timeout: Duration?, isOver: Bool) {
    self.isOver = isOver
    self.timeout = timeout
    self.deadline = deadline
    super.init(cancelsOthers: false)
    alarm = core.add { [self] in expire() }
    core.schedule(alarm, at: deadline)
  }

  @usableFromInline
  convenience init(until deadline: Instant, given timeout: Duration?) {
    self.init(at: deadline, given: timeout, isOver: deadline <= LoopCore.current.now)
  }

  @usableFromInline
  convenience init(_ limit: Duration) {
    let now = LoopCore.current.now
    self.init(at: now + limit, given: limit, isOver: limit <= .zero)
  }

  /// Moves the deadline, as if the limit were created now.
  ///
  /// A deadline in the past cancels the child before this returns.
  ///
  /// - Returns: False if the instant had come before, or the child has ended.
  func reschedule(to deadline: Instant) -> Bool {
    guard !isOver, core.reschedule(alarm, at: deadline) else { return false }
    self.deadline = deadline
    timeout = nil
    if deadline <= core.now { expire() }
    return true
  }

  private func expire() {
    isOver = true
    cancel()
  }

  /// Runs `body`, and waits for its end.
  ///
  /// - Throws: Its error; ``TimeoutError`` if the time was over and it was cut off by that.
  @inlinable
  func run<Success>(
    isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) async throws -> Success {
    guard let value = try await runUntilOver(isolation: isolation, body) else { throw timeoutError }
    return value
  }

  /// Runs `body`, and waits for its end.
  ///
  /// - Returns: Nil if the time was over and it was cut off by that.
  /// - Throws: Its error.
  @inlinable
  func runUntilOver<Success>(
    isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) async throws -> Success? {
    let child = startBody(isolation: isolation, body)
    return try await hasSucceeded(child.task) ? child.task.value(as: Success.self) : nil
  }

  /// Waits for the end of the child.
  ///
  /// - Returns: False if the time was over and it was cut off by that.
  /// - Throws: Its error.
  @usableFromInline
  nonisolated(nonsending) func hasSucceeded(_ task: SpawnedTask) async throws -> Bool {
    if isOver { cancel() }
    let wasCancelled = await join()
    core.withdraw(alarm)
    switch task.ending {
    case .succeeded: return true
    case .failed(let error) where !(isOver && !wasCancelled && isCancellation(error)): throw error
    case .failed, .none: return false
    }
  }

  /// What is thrown when the child was cut off.
  @usableFromInline
  var timeoutError: TimeoutError { TimeoutError(timeout: timeout, deadline: deadline) }
}
