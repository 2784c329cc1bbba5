extension TaskScope {
  /// Starts a task in the scope, and returns when the task says that it is ready.
  ///
  /// ```swift
  /// let port: UInt16 = try await scope.start { ready in
  ///   let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
  ///   ready(listener.localAddress.port)
  ///   try await listener.serve(handle)
  /// }
  /// ```
  ///
  /// Until then the task is the caller's business: its error is thrown here and does not cancel the
  /// scope. From then on it is like any other task of the scope.
  ///
  /// - Parameters:
  ///   - name: What it is called, for people.
  ///   - isolation: Where it runs; the caller's, unless given.
  ///   - body: What it does. It calls `ready` once, with a value for the caller.
  /// - Returns: What the task has given to `ready`.
  /// - Throws: The error of a task that fails before it is ready; ``NotReadyError`` if it ends without
  ///   having said so; `CancellationError` if the caller or the scope is cancelled first, and then the
  ///   task is cancelled too, and its end or its readiness awaited.
  /// - Precondition: The scope is not over, and the caller is isolated to an actor.
  public func start<Value>(
    name: String? = nil, isolation: isolated (any Actor)? = #isolation,
    _ body: @escaping (ReadySignal<Value>) async throws -> Void
  ) async throws -> Value {
    EventLoop.requireActor(isolation, "TaskScope.start")
    let core = LoopCore.current
    let ready = ReadySignal<Value>(core)
    let task = add(name)
    launch(task, isolation: isolation, isReady: { ready.value != nil }, { try await body(ready) })
    while ready.value == nil, !task.isDone {
      let wake = await core.park(for: "a task to be ready") { ready.wake($0, orAtEndOf: task) }
      guard wake == .cancelled, ready.value == nil, !task.isDone else { continue }
      task.cancel()
      while ready.value == nil, !task.isDone {
        _ = await core.parkThroughCancellation(for: "a task to be ready") { ready.wake($0, orAtEndOf: task) }
      }
      if case .failed(let error) = task.ending { throw error }
      throw CancellationError()
    }
    if let value = ready.value { return value }
    if case .failed(let error) = task.ending { throw error }
    throw NotReadyError(name: name)
  }
}

/// How a task that was started with ``TaskScope/start(name:isolation:_:)`` says that it is ready:
/// `ready(value)`, or `ready()` where there is nothing to tell.
public final class ReadySignal<Value> {
  private let core: LoopCore
  /// What the task has said.
  fileprivate private(set) var value: Value?
  /// Who waits for it.
  private var waiter = Waiter.nobody

  fileprivate init(_ core: LoopCore) {
    self.core = core
  }

  /// Says that the task is ready; whoever has started it goes on with `value`.
  ///
  /// - Precondition: It has not been said before. On the loop's thread only.
  public func callAsFunction(_ value: Value) {
    if !core.isCurrent { LoopCore.refuse("ReadySignal") }
    precondition(self.value == nil, "A task says only once that it is ready")
    self.value = value
    core.wake(waiter, .ready)
  }

  /// Says that the task is ready; whoever has started it goes on.
  ///
  /// - Precondition: It has not been said before. On the loop's thread only.
  public func callAsFunction() where Value == Void {
    self(())
  }

  fileprivate func wake(_ waiter: Waiter, orAtEndOf task: SpawnedTask) {
    self.waiter = waiter
    task.wakeAtEnd(waiter)
  }
}

/// A task ended, without an error, before it said that it is ready.
public struct NotReadyError: Error, Hashable, Sendable, CustomStringConvertible {
  /// What the task is called.
  public let name: String?

  /// "task 'NAME' ended before it was ready".
  public var description: String {
    "\(name.map { "task '\($0)'" } ?? "a task") ended before it was ready"
  }
}
