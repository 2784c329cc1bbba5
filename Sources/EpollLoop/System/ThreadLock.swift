import Glibc

/// A mutual exclusion between threads, pthread_mutex_lock(3).
///
/// `Synchronization.Mutex` would do, but the thread sanitizer does not understand it on Swift 6.3.
final class ThreadLock: Sendable {
  // SAFETY: the pointee is touched by pthread calls alone.
  nonisolated(unsafe) private let mutex: UnsafeMutablePointer<pthread_mutex_t>
  nonisolated(unsafe) private let condition: UnsafeMutablePointer<pthread_cond_t>

  init() {
    mutex = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    mutex.initialize(to: pthread_mutex_t())
    condition.initialize(to: pthread_cond_t())
    // Whoever finds it taken tries again for a moment: it is never held for long.
    var kind = pthread_mutexattr_t()
    pthread_mutexattr_init(&kind)
    pthread_mutexattr_settype(&kind, Int32(PTHREAD_MUTEX_ADAPTIVE_NP))
    pthread_mutex_init(mutex, &kind)
    pthread_mutexattr_destroy(&kind)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(mutex)
    condition.deallocate()
    mutex.deallocate()
  }

  /// Runs `body` while no other thread runs one. No user code may be called from it.
  @inline(__always)
  func locked<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(mutex)
    defer { pthread_mutex_unlock(mutex) }
    return body()
  }

  /// Gives the lock up until `signal`, a spurious wake-up, or the timeout. Only inside `locked`.
  ///
  /// - Returns: False if the timeout, in nanoseconds, passed first.
  func wait(timeoutNanoseconds: Int64) -> Bool {
    var deadline = timespec()
    clock_gettime(CLOCK_MONOTONIC, &deadline)
    let total = Int64(deadline.tv_nsec) + timeoutNanoseconds
    deadline.tv_sec += Int(total / 1_000_000_000)
    deadline.tv_nsec = Int(total % 1_000_000_000)
    return pthread_cond_timedwait(condition, mutex, &deadline) == 0
  }

  /// Wakes one thread that waits.
  func signal() {
    pthread_cond_signal(condition)
  }
}
