import CEpollShim
import Glibc

/// Threads of the kernel; the one file that starts them.
///
/// They are started from nonisolated code: a closure that reaches C from main-actor code inherits
/// that isolation and traps on the new thread.
enum Thread {
  private final class Start: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts a detached thread; its name may have 15 bytes, pthread_setname_np(3).
  ///
  /// It inherits the signal mask of the thread that starts it, as do the programs that it starts.
  nonisolated static func start(
    named name: String, _ body: @escaping @Sendable () -> Void
  ) throws(Errno) {
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, nil,
      { argument in
        guard let argument else { return nil }
        // SAFETY: the pointer was retained for this one use.
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        cepoll_thread_name(start.name)
        cepoll_thread_set_own()
        start.body()
        return nil
      }, start.toOpaque())
    guard code == 0 else {
      start.release()
      throw Errno(rawValue: code)
    }
    pthread_detach(thread)
  }

  /// Names the calling thread; at most 15 bytes count, pthread_setname_np(3).
  static func setName(_ name: String) { cepoll_thread_name(String(decoding: name.utf8.prefix(15), as: UTF8.self)) }

  /// Lets another thread have the processor, sched_yield(2).
  static func giveWay() { sched_yield() }

  /// Whether ``start(named:_:)`` has started the calling thread: it is none of Swift's pool, and may block.
  static var isOwn: Bool { cepoll_thread_is_own() }

  /// Whether the calling thread is the one that the process has started with.
  static var isMain: Bool { cepoll_thread_is_main() }

  /// How many processors this process may use, sched_getaffinity(2).
  static var processorCount: Int { Int(cepoll_processor_count()) }
}

#if EPOLLLOOP_PERTURB
  import Synchronization

  extension Thread {
    /// Counts the pauses of all threads; a counter, well mixed, is randomness enough.
    private static let pauses = Atomic<UInt64>(0)

    /// Keeps the processor busy for 0 to 5 µs.
    static func pauseAtRandom() {
      var mixed = pauses.wrappingAdd(1, ordering: .relaxed).oldValue &* 0x9E37_79B9_7F4A_7C15
      mixed = (mixed ^ (mixed >> 32)) &* 0xD6E8_FEB8_6659_FD93
      let end = cepoll_clock_raw_now() + Int64(mixed >> 32) % 5001
      while cepoll_clock_raw_now() < end {}
    }
  }
#endif
