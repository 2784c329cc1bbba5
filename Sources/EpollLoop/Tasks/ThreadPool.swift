/// A bounded pool of threads for calls that block: file access, name look-ups, computing.
///
/// Threads start when they are needed and end when they have had nothing to do for a while. Calls
/// beyond the threads wait, first in, first out.
public final class ThreadPool: Sendable {
  /// The pool that ``offload(on:_:)`` uses: as many threads as the process may use processors and
  /// 4 more, 32 at the most; an idle one ends after 10 s.
  public static let shared = ThreadPool(maximumThreads: min(32, Thread.processorCount + 4))

  private struct State: ~Copyable {
    var jobs: [@Sendable () -> Void] = []
    /// The first of `jobs` that has not been taken.
    var head = 0
    var threads = 0
    /// Threads that wait for a call.
    var waiting = 0
    /// Signals that have been sent to them and that none has answered yet.
    var signals = 0

    var pending: Int { jobs.count - head }

    mutating func next() -> (@Sendable () -> Void)? {
      guard head < jobs.count else { return nil }
      let job = jobs[head]
      jobs[head] = {}
      head += 1
      if head == jobs.count || head > 1024 && head * 2 > jobs.count {
        jobs.removeFirst(head)
        head = 0
      }
      return job
    }
  }

  /// How many threads there are at the most.
  public let maximumThreads: Int
  private let idleNanoseconds: Int64
  private let lock = Lock()
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private var state = State()

  /// Makes a pool; its threads start when they are needed.
  ///
  /// - Parameters:
  ///   - maximumThreads: How many there are at the most; more than zero.
  ///   - idleTime: How long one without work stays, on CLOCK_MONOTONIC.
  public init(maximumThreads: Int, idleTime: Duration = .seconds(10)) {
    precondition(maximumThreads > 0, "A thread pool needs at least one thread")
    self.maximumThreads = maximumThreads
    idleNanoseconds = max(0, min(idleTime.nanosecondsRoundedUp, 3_600_000_000_000))
  }

  /// How many threads there are now; for tests, and for an eye on a server.
  public var threadCount: Int { lock.locked { state.threads } }

  /// Queues a call.
  ///
  /// - Throws: The reason why no thread could be started, if there is none at all; then the call is
  ///   not made.
  func submit(_ job: @escaping @Sendable () -> Void) throws(Errno) {
    let failure = lock.locked { () -> Errno? in
      state.jobs.append(job)
      if state.waiting > state.signals {
        state.signals += 1
        lock.signal()
        return nil
      }
      guard state.threads < maximumThreads else { return nil }
      // Under the lock, so that a failure meets this call and no other.
      do throws(Errno) {
        try Thread.start(named: "epollloop-pool") { [self] in work() }
        state.threads += 1
        return nil
      } catch {
        // With other threads there, the call waits for one of them.
        guard state.threads == 0 else { return nil }
        state.jobs.removeLast()
        return error
      }
    }
    if let failure { throw failure }
  }

  private func work() {
    while let job = take() { job() }
  }

  /// Waits for a call; nil when none has come for so long that the thread should end.
  private func take() -> (@Sendable () -> Void)? {
    lock.locked {
      while true {
        if let job = state.next() { return job }
        state.waiting += 1
        let isInTime = lock.wait(timeoutNanoseconds: idleNanoseconds)
        // Whoever wakes first answers a signal, be it meant for another: that one waits again.
        state.waiting -= 1
        state.signals = max(0, state.signals - 1)
        if !isInTime, state.pending == 0 {
          state.threads -= 1
          return nil
        }
      }
    }
  }
}
