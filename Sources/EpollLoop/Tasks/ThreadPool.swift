import Synchronization

/// A bounded pool of threads for calls that block: file access, C libraries, computing.
///
/// Threads start when they are needed and end when they have had nothing to do for a while. Calls
/// beyond the threads wait, first in, first out.
///
/// Waking a thread costs more than a short call takes. So at most one is on its way at a time: when
/// it arrives and leaves calls behind it, it sends the next one; and one that has run out of calls
/// looks around for some microseconds before it sleeps.
public final class ThreadPool: Sendable {
  /// The pool that ``offload(on:_:)`` uses: as many threads as the process may use processors and
  /// 4 more, 32 at the most; an idle one ends after 10 s.
  public static let shared = ThreadPool(maximumThreads: min(32, Thread.processorCount + 4))

  /// The threads of name look-ups: at most 8, started when they are needed.
  ///
  /// A resolver that gets no answer holds its thread for 10 s and more, which must not hold up the calls of ``shared``;
  /// nor may a full ``shared`` hold up look-ups.
  static let names = ThreadPool(maximumThreads: 8, idleTime: .seconds(10), threadName: "epollloop-names")

  /// A call that a thread has taken, and those that came with it.
  private struct Taken {
    let call: Unmanaged<OffloadedCall>
    let batch: CallBatch
  }

  /// Who is to be sent for pending calls.
  private enum Need {
    case nobody
    /// A thread that waits: it must be signalled.
    case waiting
    /// One more thread: it must be started.
    case another
  }

  private struct State: ~Copyable {
    /// Nil in place of those whose calls have all been taken.
    var batches: [CallBatch?] = []
    /// The first of `batches` that may have calls left.
    var head = 0
    var threads = 0
    /// Threads that wait for a call.
    var waiting = 0
    /// Signals that have been sent to them and that none has answered yet.
    var signals = 0
    /// A thread looks around for the next call.
    var isSearching = false

    var hasPending: Bool { batches[head...].contains { $0?.hasMore == true } }

    /// Whom to send for the calls that are pending, if nobody is on the way to them.
    mutating func need(_ maximumThreads: Int) -> Need {
      guard signals == 0, !isSearching, hasPending else { return .nobody }
      if waiting > 0 {
        signals = 1
        return .waiting
      }
      guard threads < maximumThreads else { return .nobody }
      threads += 1
      return .another
    }

    mutating func next() -> Taken? {
      while head < batches.count {
        if let batch = batches[head], let call = batch.claim() { return Taken(call: call, batch: batch) }
        batches[head] = nil
        head += 1
        if head == batches.count || head > 1024 && head * 2 > batches.count {
          batches.removeFirst(head)
          head = 0
        }
      }
      return nil
    }
  }

  /// How many threads there are at the most.
  public let maximumThreads: Int
  private let idleNanoseconds: Int64
  private let threadName: String
  private let lock = ThreadLock()
  /// Whether a call has come since a thread began to look around.
  private let hasNews = Atomic(false)
  /// How often a thread that looks around gives its processor away before it sleeps.
  private static let searchTurns = 16
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private var state = State()

  /// Makes a pool; its threads start when they are needed.
  ///
  /// - Parameters:
  ///   - maximumThreads: How many there are at the most; more than zero.
  ///   - idleTime: How long one without work stays, on CLOCK_MONOTONIC; an hour at the most, and more counts
  ///     as that.
  public convenience init(maximumThreads: Int, idleTime: Duration = .seconds(10)) {
    self.init(maximumThreads: maximumThreads, idleTime: idleTime, threadName: "epollloop-pool")
  }

  private init(maximumThreads: Int, idleTime: Duration, threadName: String) {
    precondition(maximumThreads > 0, "A thread pool needs at least one thread")
    self.maximumThreads = maximumThreads
    self.threadName = threadName
    idleNanoseconds = max(0, min(idleTime.nanosecondsRoundedUp, 3_600_000_000_000))
  }

  /// How many threads there are now; for tests, and for an eye on a server.
  public var threadCount: Int { lock.locked { state.threads } }

  /// Queues calls.
  ///
  /// - Throws: The reason why no thread could be started, if there is none at all; then no call of
  ///   these is made.
  func submit(_ batch: CallBatch) throws(Errno) {
    let (failure, mustSignal) = lock.locked { () -> (Errno?, Bool) in
      state.batches.append(batch)
      if state.isSearching { hasNews.store(true, ordering: .relaxed) }
      switch state.need(maximumThreads) {
      case .nobody: return (nil, false)
      case .waiting: return (nil, true)
      case .another: return (startFirst(), false)
      }
    }
    if mustSignal { lock.signal() }
    if let failure { throw failure }
  }

  /// Starts a thread for the calls that have just been queued; under the lock, so that a failure meets
  /// those calls and no others.
  private func startFirst() -> Errno? {
    do throws(Errno) {
      try Thread.start(named: threadName) { [self] in work() }
      return nil
    } catch {
      state.threads -= 1
      // With other threads there, the calls wait for one of them.
      guard state.threads == 0 else { return nil }
      state.batches.removeLast()
      return error
    }
  }

  private func work() {
    var (taken, need) = takeOrWait()
    while make(&taken, need) { (taken, need) = takeNext() }
  }

  /// Makes a call and those behind it in its batch, and releases them: a thread that waits for its next call holds
  /// nothing of a loop, which may be gone by then.
  ///
  /// - Returns: False if there was no call.
  @inline(never)
  private func make(_ taken: inout Taken?, _ need: Need) -> Bool {
    guard let first = taken.take() else { return false }
    switch need {
    case .nobody: break
    case .waiting: lock.signal()
    case .another: startAnother()
    }
    first.batch.make(first.call)
    return true
  }

  private func startAnother() {
    do {
      try Thread.start(named: threadName) { [self] in work() }
    } catch {
      // The calls wait for the threads that are there, of which this is one.
      lock.locked { state.threads -= 1 }
    }
  }

  /// Takes the next call; looks around for one, and waits, if there is none.
  private func takeNext() -> (Taken?, Need) {
    let (taken, mustSearch) = lock.locked { () -> (Taken?, Bool) in
      if let taken = state.next() { return (taken, false) }
      guard !state.isSearching else { return (nil, false) }
      state.isSearching = true
      hasNews.store(false, ordering: .relaxed)
      return (nil, true)
    }
    // Whoever has sent this thread has seen to the calls behind this one.
    if let taken { return (taken, .nobody) }
    if mustSearch { search() }
    return takeOrWait(hasSearched: mustSearch)
  }

  private func search() {
    var turns = ThreadPool.searchTurns
    while turns > 0, !hasNews.load(ordering: .relaxed) {
      turns -= 1
      Thread.giveWay()
    }
  }

  /// Takes a call, waiting for it, and says whom to send for those behind it.
  ///
  /// - Returns: No call if none has come for so long that the thread should end.
  private func takeOrWait(hasSearched: Bool = false) -> (Taken?, Need) {
    lock.locked {
      if hasSearched { state.isSearching = false }
      while true {
        if let taken = state.next() { return (taken, state.need(maximumThreads)) }
        state.waiting += 1
        let isInTime = lock.wait(timeoutNanoseconds: idleNanoseconds)
        // Whoever wakes first answers a signal, be it meant for another: that one waits again.
        state.waiting -= 1
        state.signals = max(0, state.signals - 1)
        if !isInTime, !state.hasPending {
          state.threads -= 1
          return (nil, .nobody)
        }
      }
    }
  }
}
