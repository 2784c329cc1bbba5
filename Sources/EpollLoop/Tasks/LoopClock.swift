/// The clock of the running loop, real or virtual, for code that is generic over `Clock`.
///
/// ```swift
/// func poll<C: Clock>(every period: C.Duration, on clock: C) async throws {
///   try await clock.sleep(until: clock.now.advanced(by: period), tolerance: nil)
/// }
/// try await poll(every: .seconds(30), on: .loop)
/// try await Task.sleep(for: .seconds(1), clock: .loop)
/// ```
///
/// Its instants are those of ``EventLoop/now``. On a virtual loop they follow virtual time; `Date()` and other wall
/// clocks do not. It may be created and stored anywhere, and used on a loop's thread only: elsewhere it traps. On a
/// worker loop this includes a bare `Task {}`, which leaves the loop to sleep.
public struct LoopClock: Clock {
  /// Creates the clock of whichever loop it is used on.
  public init() {}

  /// The running loop's time, read now.
  ///
  /// - Precondition: An event loop runs on this thread.
  public var now: Instant { LoopCore.current.now }

  /// One nanosecond.
  public var minimumResolution: Duration { .nanoseconds(1) }

  /// Suspends the current task until an instant, never less, as ``sleep(until:)``.
  ///
  /// - Parameters:
  ///   - deadline: The instant to sleep until.
  ///   - tolerance: Without effect: timers are not put together.
  /// - Throws: `CancellationError` if the task is cancelled first.
  /// - Precondition: An event loop runs on this thread.
  public func sleep(until deadline: Instant, tolerance: Duration? = nil) async throws {
    try await EpollLoop.sleep(until: deadline)
  }
}

extension Clock where Self == LoopClock {
  /// The running loop's clock.
  public static var loop: LoopClock { LoopClock() }
}
