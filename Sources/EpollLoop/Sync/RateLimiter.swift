/// A limit on how often something is done: a token bucket that tasks wait at.
///
/// ```swift
/// let requests = RateLimiter(10, per: .seconds(1), burst: 3)
/// for address in addresses {
///   try await requests.acquire()
///   try await fetch(address)
/// }
/// ```
///
/// The bucket holds up to `burst` tokens, is full at first, and gets one more at a steady rate. In any span of time
/// at most as many are acquired as the rate allows for it, and `burst` more. It counts in whole fractions of a
/// nanosecond, without an error that grows. A task that wakes late takes its token late: what the rate would have
/// given meanwhile is kept up to `burst`, and no further.
///
/// Requests are served in FIFO order: a request waits for those before it, even a small one behind one for many
/// tokens.
///
/// All on the thread of the loop on which it was created, and on its clock; another thread traps. The object itself
/// may be held anywhere.
public final class RateLimiter: Sendable {
  private let bound: LoopBound<TokenBucket>

  /// The most tokens that can be acquired at once.
  public let burst: Int

  /// Creates a limiter.
  ///
  /// - Parameters:
  ///   - count: The number of tokens for each period; greater than zero.
  ///   - period: The duration for that many tokens; greater than zero, rounded up to nanoseconds.
  ///   - burst: The number of tokens that the bucket holds; greater than zero. With one, tokens are evenly spaced.
  /// - Precondition: An event loop runs on this thread.
  public init(_ count: Int, per period: Duration, burst: Int = 1) {
    precondition(count > 0, "A rate limiter needs a count greater than zero")
    precondition(period > .zero, "A rate limiter needs a period greater than zero")
    precondition(burst > 0, "A rate limiter needs a burst greater than zero")
    let core = LoopCore.current
    self.burst = burst
    bound = LoopBound(TokenBucket(core, count: count, period: period.nanosecondsRoundedUp, burst: burst), core)
  }

  /// The number of whole tokens that a task could acquire now; zero while tasks wait.
  public var available: Int { bound.open("RateLimiter.available").available }

  /// The number of tasks that wait.
  public var waitingCount: Int { bound.open("RateLimiter.waitingCount").waitingCount }

  /// Takes tokens, waiting until there are enough and all that came earlier have theirs.
  ///
  /// - Parameter count: The number of tokens, all at once; from 1 to ``burst``.
  /// - Throws: `CancellationError` if the task is cancelled while it waits; then it has taken none, and those behind
  ///   it move up. If there are enough tokens, a cancelled task gets them too.
  /// - Complexity: no allocation for one token. A wait is one timer, whatever the number of waiters.
  public func acquire(_ count: Int = 1) async throws {
    let bucket = bucket("RateLimiter.acquire", count)
    guard bucket.take(count) else { return try await bucket.wait(for: count) }
    if bucket.core.spend() { await bucket.core.giveWay() }
  }

  /// Takes tokens if there are enough and no task waits.
  ///
  /// - Parameter count: The number of tokens, all at once; from 1 to ``burst``.
  /// - Returns: Whether it has taken them.
  public func tryAcquire(_ count: Int = 1) -> Bool {
    bucket("RateLimiter.tryAcquire", count).take(count)
  }

  private func bucket(_ operation: StaticString, _ count: Int) -> TokenBucket {
    bound.check(operation)
    precondition(count > 0, "A rate limiter gives one token or more")
    precondition(count <= burst, "A request for more tokens than the burst could never be met: raise `burst`")
    return bound.unchecked
  }
}
