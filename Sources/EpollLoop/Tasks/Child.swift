/// A task that its creator sees to, and the type of its value.
@usableFromInline
struct Child<Success> {
  @usableFromInline let task: SpawnedTask

  @inlinable
  init(_ task: SpawnedTask) {
    self.task = task
  }

  /// Starts the task; as ``SpawnedTask/start(skipsIfCancelled:isolation:_:)``.
  @inlinable
  func start(
    skipsIfCancelled: Bool = true, isolation: isolated (any Actor)?, _ body: @escaping () async throws -> Success
  ) {
    task.start(skipsIfCancelled: skipsIfCancelled, isolation: isolation, body)
  }

  /// What became of it; nil as long as it runs.
  @inlinable var outcome: Result<Success, any Error>? {
    switch task.ending {
    case .none: nil
    case .succeeded: .success(task.value(as: Success.self))
    case .failed(let error): .failure(error)
    }
  }
}

extension Child {
  /// What became of a child that has ended; one that never started was cancelled.
  @inlinable var result: Result<Success, any Error> { outcome ?? .failure(CancellationError()) }
}
