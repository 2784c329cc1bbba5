/// Gives an element every period of the loop's clock: see ``every(_:missed:immediately:)``.
public struct Interval: AsyncSequence, Sendable {
  /// The instants at which the ticks were due.
  public struct Iterator: AsyncIteratorProtocol {
    fileprivate let period: Int64
    fileprivate let missed: MissedTicks
    /// When the next tick is due.
    fileprivate var due: Int64

    /// Waits for the next tick, never early.
    ///
    /// - Returns: The instant at which it was due; never nil.
    /// - Throws: `CancellationError` if the task is cancelled first.
    public mutating func next() async throws -> Instant? {
      try await next(isolation: #isolation)
    }

    /// Counts anew: the next tick is one period from now, and what was missed before is forgotten.
    ///
    /// ```swift
    /// var ticks = every(.seconds(30)).makeAsyncIterator()
    /// while try await ticks.next() != nil {
    ///   if try await hasNews() { ticks.reset() }
    /// }
    /// ```
    public mutating func reset() {
      due = (LoopCore.current.now + .nanoseconds(period)).nanoseconds
    }

    /// Waits for the next tick; as ``next()``.
    public mutating func next(isolation: isolated (any Actor)?) async throws -> Instant? {
      let tick = Instant(nanoseconds: due)
      try await sleep(until: tick)
      let now = LoopCore.current.now.nanoseconds
      due = missed.next(after: due, given: now, period: period, now: now)
      return tick
    }
  }

  private let period: Duration
  private let missed: MissedTicks
  private let startsAtOnce: Bool

  fileprivate init(period: Duration, missed: MissedTicks, startsAtOnce: Bool) {
    self.period = period
    self.missed = missed
    self.startsAtOnce = startsAtOnce
  }

  /// Starts to count: the first tick is one period from now, or now.
  ///
  /// - Precondition: An event loop runs on this thread.
  public func makeAsyncIterator() -> Iterator {
    let first = LoopCore.current.now + (startsAtOnce ? .zero : period)
    return Iterator(period: period.nanosecondsRoundedUp, missed: missed, due: first.nanoseconds)
  }
}

/// Ticks at a steady rate: `for try await due in every(.seconds(1)) { … }`.
///
/// The first tick comes one period after the loop over it has begun, or at once. Never are two given in one tick
/// of the event loop. ``Interval/Iterator/reset()`` counts anew.
///
/// - Parameters:
///   - period: The time from tick to tick; more than zero.
///   - missed: What happens to ticks whose time has passed while the body was busy; they are made up for,
///     unless given.
///   - immediately: Whether the first tick is given at once, and the second one period later.
public func every(_ period: Duration, missed: MissedTicks = .burst, immediately: Bool = false) -> Interval {
  precondition(period > .zero, "An interval needs a period of more than zero")
  return Interval(period: period, missed: missed, startsAtOnce: immediately)
}
