import Synchronization

/// Where the calls of one loop go out to the pools' threads and come back.
///
/// Calls beyond those that a pool can make at once go out together, after what is ready now, and those
/// that come back while the loop is busy are taken in together: a lock and a signal for each would cost
/// more than a short call.
final class OffloadDesk {
  // SAFETY: the loop holds its desk.
  unowned(unsafe) private let core: LoopCore
  private let returns: CallReturns
  /// Calls that are to go out, retained, and where to.
  @exclusivity(unchecked) private var waiting: [Unmanaged<OffloadedCall>] = []
  @exclusivity(unchecked) private var pool: ThreadPool?

  private init(_ core: LoopCore) {
    self.core = core
    returns = CallReturns(core.inbox)
  }

  deinit {
    for call in waiting { call.release() }
  }

  /// The desk of a loop.
  static func of(_ core: LoopCore) -> OffloadDesk {
    // SAFETY: nothing else is ever put there.
    if let desk = core.offloadDesk { return unsafeDowncast(desk, to: OffloadDesk.self) }
    let desk = OffloadDesk(core)
    core.offloadDesk = desk
    return desk
  }

  /// Sends a call out, now or after what is ready now.
  func submit(_ call: OffloadedCall, to pool: ThreadPool) {
    // Only then: the pool's threads use the memory in which its references are counted.
    if self.pool !== pool {
      flush()
      self.pool = pool
    }
    waiting.append(.passRetained(call))
    if core.holds <= pool.maximumThreads {
      flush()
    } else if waiting.count == 1 {
      core.soon { [self] in flush() }
    }
  }

  private func flush() {
    guard let pool, !waiting.isEmpty else { return }
    let calls = waiting
    waiting = []
    waiting.reserveCapacity(calls.count)
    do throws(Errno) {
      try pool.submit(CallBatch(calls, returns))
    } catch {
      for call in calls { call.takeRetainedValue().refuse(error, core) }
    }
  }

  /// Takes in the calls that have come back.
  fileprivate func collect() {
    var rest = returns.takeAll()
    while let call = rest?.takeRetainedValue() {
      rest = call.next
      call.arrive(core)
    }
    // The end of a run may have dropped the callback that was to do it.
    flush()
  }
}

/// Calls of one loop that threads have made, until the loop takes them in: a stack without a lock.
final class CallReturns: Sendable {
  private let last = Atomic<Unmanaged<OffloadedCall>?>(nil)
  private let inbox: Inbox

  init(_ inbox: Inbox) {
    self.inbox = inbox
  }

  deinit {
    var rest = takeAll()
    while let call = rest?.takeRetainedValue() { rest = call.next }
  }

  /// Gives a call back; from any thread.
  func give(_ call: Unmanaged<OffloadedCall>) {
    var before = last.load(ordering: .relaxed)
    var isGiven = false
    while !isGiven {
      call._withUnsafeGuaranteedRef { $0.next = before }
      (isGiven, before) = last.weakCompareExchange(
        expected: before, desired: call, successOrdering: .acquiringAndReleasing, failureOrdering: .relaxed)
    }
    // Whoever finds it empty tells the loop, which takes all.
    if before == nil { inbox.submit { OffloadDesk.of(LoopCore.current).collect() } }
  }

  /// Takes all, in the order in which they came back.
  fileprivate func takeAll() -> Unmanaged<OffloadedCall>? {
    var rest = last.exchange(nil, ordering: .acquiringAndReleasing)
    var first: Unmanaged<OffloadedCall>?
    while let call = rest {
      call._withUnsafeGuaranteedRef {
        rest = $0.next
        $0.next = first
      }
      first = call
    }
    return first
  }
}

/// Calls that go to a pool together; its threads take them one by one.
final class CallBatch: Sendable {
  private let calls: [Unmanaged<OffloadedCall>]
  private let returns: CallReturns
  /// How many times a thread has come for one.
  private let claims = Atomic(0)

  init(_ calls: [Unmanaged<OffloadedCall>], _ returns: CallReturns) {
    self.calls = calls
    self.returns = returns
  }

  /// Whether there is a call that no thread has taken.
  var hasMore: Bool { claims.load(ordering: .relaxed) < calls.count }

  /// Takes the next call; each once.
  func claim() -> Unmanaged<OffloadedCall>? {
    guard hasMore else { return nil }
    let index = claims.wrappingAdd(1, ordering: .relaxed).oldValue
    return index < calls.count ? calls[index] : nil
  }

  /// Makes a call that the thread has taken, and then others, as long as there are any; gives each back.
  func make(_ first: Unmanaged<OffloadedCall>) {
    var rest: Unmanaged<OffloadedCall>? = first
    while let call = rest {
      if call._withUnsafeGuaranteedRef({ $0.make() }) { returns.give(call) } else { call.release() }
      rest = claim()
    }
  }
}
