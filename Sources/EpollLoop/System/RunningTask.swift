import CEpollShim

/// The running task, as Swift's runtime knows it.
///
/// `withUnsafeCurrentTask` says the same for more instructions, and a task asks each time
/// it waits.
enum RunningTask {
  /// The address of the running task, 0 outside of one.
  @inline(__always)
  static var address: UInt { UInt(bitPattern: cepoll_task_current()) }

  /// Cancels a task that has not ended: its flag, its own children and its handlers.
  static func cancel(_ task: UInt) {
    cepoll_task_cancel(UnsafeMutableRawPointer(bitPattern: task))
  }

  /// Keeps a task's memory for good, so that its address is never another task's.
  static func retain(_ task: UInt) {
    guard let address = UnsafeRawPointer(bitPattern: task) else { return }
    // SAFETY: a task is a reference-counted object of the runtime, and this one has not ended.
    _ = Unmanaged<AnyObject>.fromOpaque(address).retain()
  }

  /// Whether a task runs that has task-local values, its own or inherited ones: one load, without a call per value.
  @inline(__always)
  static var hasLocalValues: Bool {
    guard let task = cepoll_task_current() else { return false }
    return cepoll_task_has_locals(task)
  }

  /// Which serial executor this thread holds, an actor's or the main one; 0 for none.
  static var executor: UInt { UInt(bitPattern: cepoll_task_executor()) }

  /// Which task executor the running task prefers; 0 for none.
  static var preferredExecutor: UInt { UInt(bitPattern: cepoll_task_preferred_executor()) }

  /// The address of the running task, 0 outside of one, and whether it is cancelled.
  @inline(__always)
  static func look() -> (task: UInt, isCancelled: Bool) {
    guard let task = cepoll_task_current() else { return (0, false) }
    return (UInt(bitPattern: task), cepoll_task_is_cancelled(task))
  }
}
