/// A value that is set once, later: by any task, callback or thread, for any number of waiting tasks.
///
/// ```swift
/// let reply = Promise<Int>()
/// onReply { number in reply.set(number) }
/// let number = try await reply.future.value
/// ```
///
/// The promise is the end that sets; its ``future`` is the end that waits. It may be set, failed, cancelled and
/// dropped on any thread, if its value may go there: another thread's outcome arrives by the loop's inbox, in the
/// order in which that thread submits. When the last reference to a promise goes without an outcome, its waiters get
/// a ``BrokenPromiseError``. It belongs to the loop on which it was created. This is what asyncio's `Future` and
/// Tokio's `oneshot` are used for.
public final class Promise<Success> {
  @usableFromInline let state: PromiseState

  /// Creates a promise without an outcome.
  ///
  /// - Precondition: An event loop runs on this thread.
  @inlinable
  public init() {
    state = PromiseState()
  }

  @inlinable
  deinit {
    // The error is created for a broken promise only: it would be an allocation for each.
    if state.claim() { state.fail(BrokenPromiseError()) }
  }

  /// The end that waits. It does not keep the promise: a promise that only its future refers to is broken.
  @inlinable public var future: Future<Success> { Future(state) }

  /// Whether it has an outcome, from whatever thread; it may not have arrived at the waiters yet.
  public var isSet: Bool { state.isClaimed }

  /// Sets the value, and wakes all waiters in FIFO order. They run later.
  ///
  /// - Precondition: It has no outcome yet.
  @inlinable
  public func set(_ value: Success) {
    precondition(trySet(value), "A promise was set that has an outcome already: call trySet to allow for that")
  }

  /// Sets the value, unless there is an outcome already.
  ///
  /// - Returns: Whether the value is the outcome: of several calls, from whatever threads, one returns true.
  @inlinable
  @discardableResult
  public func trySet(_ value: Success) -> Bool {
    guard state.claim() else { return false }
    state.succeed(value)
    return true
  }

  /// Fails: all waiters throw the error.
  ///
  /// If nothing ever awaits the outcome, the error is reported as that of a task that nothing awaits.
  ///
  /// - Precondition: It has no outcome yet.
  @inlinable
  public func fail(_ error: any Error) {
    precondition(tryFail(error), "A promise was failed that has an outcome already: call tryFail to allow for that")
  }

  /// Fails, unless there is an outcome already; as ``trySet(_:)``.
  @inlinable
  @discardableResult
  public func tryFail(_ error: any Error) -> Bool {
    guard state.claim() else { return false }
    state.fail(error)
    return true
  }

  /// Cancels it: all waiters throw `CancellationError`.
  ///
  /// - Returns: False if there is an outcome already; then it has no effect.
  @inlinable
  @discardableResult
  public func cancel() -> Bool {
    tryFail(CancellationError())
  }
}

/// The waiting end of a ``Promise``.
///
/// It may be copied and awaited by any number of tasks, on the thread of the promise's loop only; another thread
/// traps.
public struct Future<Success> {
  @usableFromInline let state: PromiseState

  @inlinable
  init(_ state: PromiseState) {
    self.state = state
  }

  /// The outcome of the promise; waits until there is one.
  ///
  /// A task that is cancelled while it waits leaves; the promise and other waiters stay as they are, unlike in
  /// asyncio. If there is an outcome, a cancelled task gets it too.
  ///
  /// - Throws: The error of a failed promise, ``BrokenPromiseError`` if the promise was dropped, `CancellationError`
  ///   if it was cancelled; `CancellationError` also if the waiting task is cancelled first.
  /// - Complexity: no allocation for the first waiter.
  @inlinable public var value: Success {
    get async throws {
      try await state.wait()
      return state.value(as: Success.self)
    }
  }

  /// The outcome; nil if there is none yet.
  @inlinable public var result: Result<Success, any Error>? {
    state.check("Future.result")
    guard state.hasArrived else { return nil }
    return Result {
      try state.throwFailure()
      return state.value(as: Success.self)
    }
  }

  /// Whether there is an outcome.
  @inlinable public var isDone: Bool {
    state.check("Future.isDone")
    return state.hasArrived
  }
}

/// A ``Promise`` was dropped before it had an outcome.
public struct BrokenPromiseError: Error, Hashable, Sendable, CustomStringConvertible {
  /// Creates an error.
  public init() {}

  /// "a promise was dropped before it was set".
  public var description: String { "a promise was dropped before it was set" }
}

// SAFETY: what touches its state is on the loop's thread, or is the one caller of `claim` that got true, whose outcome
// goes to that thread; the last reference may go on any thread, and takes a value along that may too.
extension Promise: @unchecked Sendable where Success: Sendable {}
extension Future: @unchecked Sendable where Success: Sendable {}
