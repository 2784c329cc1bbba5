/// Errors that would be lost: of tasks that failed and that nobody awaited.
enum UnhandledErrors {
  /// Says it once: on standard error, or to the loop's observer.
  ///
  /// - Parameter task: The task, in words.
  static func report(_ error: any Error, of task: String) {
    if let observe = LoopCore.currentIfAny?.onUnhandledError { return observe(error, task) }
    StandardError.write("EpollLoop: \(task) failed and was not awaited: \(error)\n")
  }
}

/// Whether an error says that a task was cancelled, as a write does after its first byte.
@usableFromInline
func isCancellation(_ error: any Error) -> Bool {
  guard let error = error as? IOError else { return error is CancellationError }
  return error.operation == .write && error.reason == .canceled
}
