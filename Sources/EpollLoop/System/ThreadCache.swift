/// Threads for functions that each need one to themselves, such as a loop's run; an idle thread is used again.
///
/// Unlike a pool it has no limit: a function never waits for another one's thread.
final class ThreadCache: Sendable {
  /// The cache of the process; an idle thread ends after 10 s.
  static let shared = ThreadCache(idleNanoseconds: 10_000_000_000)

  private let idleNanoseconds: Int64
  private let lock = ThreadLock()
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private var idle: [CachedThread] = []

  init(idleNanoseconds: Int64) {
    self.idleNanoseconds = idleNanoseconds
  }

  /// Runs a function on an idle thread, or on a new one.
  ///
  /// - Parameter name: The thread's name meanwhile; at most 15 bytes count, pthread_setname_np(3).
  /// - Throws: The reason why no thread could be started; then the function is never called.
  func run(named name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
    let named: @Sendable () -> Void = {
      Thread.setName(name)
      body()
    }
    if let thread = lock.locked({ idle.popLast() }) { return thread.give(named) }
    let thread = CachedThread()
    thread.give(named)
    try Thread.start(named: name) { [self] in work(thread) }
  }

  /// The number of threads that have no function to run.
  var idleCount: Int { lock.locked { idle.count } }

  private func work(_ thread: CachedThread) {
    while true {
      thread.runNext()
      Thread.setName("epollloop-idle")
      lock.locked { idle.append(thread) }
      // A thread that is no longer in the list has been chosen: its function is about to come.
      while !thread.waitForNext(idleNanoseconds) {
        let isRetired = lock.locked { () -> Bool in
          guard let index = idle.firstIndex(where: { $0 === thread }) else { return false }
          idle.remove(at: index)
          return true
        }
        if isRetired { return }
      }
    }
  }
}

/// One thread's next function.
private final class CachedThread: Sendable {
  private let lock = ThreadLock()
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private var next: (@Sendable () -> Void)?

  func give(_ body: @escaping @Sendable () -> Void) {
    lock.locked {
      next = body
      lock.signal()
    }
  }

  /// Calls the function, and releases it before it returns.
  func runNext() {
    let body = lock.locked { () -> (@Sendable () -> Void)? in
      defer { next = nil }
      return next
    }
    body?()
  }

  /// Waits for a function.
  ///
  /// - Returns: False if none has come in time.
  func waitForNext(_ nanoseconds: Int64) -> Bool {
    lock.locked {
      while next == nil {
        if !lock.wait(timeoutNanoseconds: nanoseconds) { return next != nil }
      }
      return true
    }
  }
}
