extension TaskHandle {
  /// What the task has ended with, without waiting; nil if it has not ended. On the loop's thread only.
  ///
  /// An error that is returned counts as awaited: it is not written to standard error.
  @inlinable public var result: Result<Success, any Error>? {
    task.checkThread("TaskHandle.result")
    if task.hasSucceeded { return .success(task.value(as: Success.self)) }
    return task.takeFailure().map { .failure($0) }
  }

  /// Calls a function when the task has ended, soon if it has ended already. On the loop's thread only.
  ///
  /// ```swift
  /// let handle = spawn { try await load() }
  /// handle.whenDone { result in isLoading = false }
  /// ```
  ///
  /// Functions are called in the order in which they were passed, in the loop's own actor and outside of tasks, as those of
  /// ``EventLoop/soon(isolation:_:)``, and never on the stack of the task. The end of a run ends them without a call. An
  /// error that is passed to a function counts as awaited.
  ///
  /// - Parameters:
  ///   - isolation: The caller's; the loop's own actor.
  ///   - body: What to call.
  /// - Returns: The callback: ``Scheduled/cancel()`` takes it back.
  /// - Precondition: The caller is isolated to the loop's own actor.
  @discardableResult
  public func whenDone(
    isolation: isolated (any Actor)? = #isolation, _ body: @escaping (Result<Success, any Error>) -> Void
  ) -> Scheduled {
    task.checkThread("TaskHandle.whenDone")
    return task.callAtEnd(isolation: isolation) {
      if let result { body(result) }
    }
  }
}

extension SpawnedTask {
  /// The error that the task has failed with, which counts as awaited; nil if it has not failed.
  @usableFromInline
  func takeFailure() -> (any Error)? {
    guard case .failed(let error) = ending else { return nil }
    isObserved = true
    return error
  }

  /// Calls a function when the task has ended, as a callback of its loop.
  @usableFromInline
  func callAtEnd(isolation: isolated (any Actor)?, _ body: @escaping () -> Void) -> Scheduled {
    let core = loop.withCore { $0 }
    core.face.check("TaskHandle.whenDone", from: isolation)
    let waiter = core.add(body)
    if isDone { core.wake(waiter, .ready) } else { wakeAtEnd(waiter) }
    return Scheduled(core, waiter)
  }
}
