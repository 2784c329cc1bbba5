/// How long to wait between attempts: a value that is put together from a few kinds of wait.
///
/// ```swift
/// Backoff.exponential(from: .milliseconds(100), upTo: .seconds(10)).jittered(.full)
/// Backoff.fixed(.seconds(1)) + .random(in: .zero ... .milliseconds(200))
/// ```
///
/// Waits saturate at 292 years. A wait of zero still lets everything run that is ready.
public struct Backoff: Hashable, Sendable {
  /// How much of a wait is left to chance, so that clients that fail together do not return together.
  public enum Jitter: Hashable, Sendable {
    /// Anything from nothing to the whole wait, each as likely: spreads the most.
    case full
    /// Half of the wait, and anything up to the other half: never returns at once.
    case equal
  }

  /// What it is put together from; all times in nanoseconds, zero or more.
  private enum Kind: Hashable, Sendable {
    case fixed(Int64)
    case exponential(first: Int64, factor: Double, limit: Int64)
    case random(ClosedRange<Int64>)
    case listed([Int64])
    indirect case jittered(Kind, Jitter)
    indirect case limited(Kind, to: Int64)
    indirect case sum(Kind, Kind)
  }

  private let kind: Kind

  /// No wait.
  public static let none = Backoff(kind: .fixed(0))

  /// The same wait each time.
  ///
  /// - Parameter wait: How long; zero or more.
  public static func fixed(_ wait: Duration) -> Backoff {
    Backoff(kind: .fixed(checked(wait)))
  }

  /// A wait that grows by a factor each time, up to a limit.
  ///
  /// - Parameters:
  ///   - first: The wait after the first attempt; zero or more.
  ///   - factor: How many times longer each wait is than the one before; at least 1.
  ///   - limit: The longest wait; zero or more.
  public static func exponential(
    from first: Duration = .milliseconds(100), factor: Double = 2, upTo limit: Duration = .seconds(30)
  ) -> Backoff {
    precondition(factor >= 1 && factor.isFinite, "A backoff grows by a factor of at least 1")
    return Backoff(kind: .exponential(first: checked(first), factor: factor, limit: checked(limit)))
  }

  /// A wait by chance, all in the range equally likely.
  ///
  /// - Parameter range: The shortest and the longest wait; zero or more.
  public static func random(in range: ClosedRange<Duration>) -> Backoff {
    Backoff(kind: .random(checked(range.lowerBound)...checked(range.upperBound)))
  }

  /// One wait after the other from a list; once it is used up, the last one each time.
  ///
  /// - Parameter waits: The waits; at least one, each zero or more.
  public static func listed(_ waits: [Duration]) -> Backoff {
    precondition(!waits.isEmpty, "A list of waits has at least one")
    return Backoff(kind: .listed(waits.map(checked)))
  }

  /// Leaves some of each wait to chance.
  public func jittered(_ jitter: Jitter) -> Backoff {
    Backoff(kind: .jittered(kind, jitter))
  }

  /// Cuts each wait off at a limit.
  ///
  /// - Parameter limit: The longest wait; zero or more.
  public func limited(to limit: Duration) -> Backoff {
    Backoff(kind: .limited(kind, to: Backoff.checked(limit)))
  }

  /// Waits for both, one after the other.
  public static func + (left: Backoff, right: Backoff) -> Backoff {
    Backoff(kind: .sum(left.kind, right.kind))
  }

  /// The wait after an attempt that has failed.
  ///
  /// - Parameters:
  ///   - attempt: Which attempt it was, counted from 1.
  ///   - generator: Where chance comes from.
  public func wait(after attempt: Int, using generator: inout some RandomNumberGenerator) -> Duration {
    precondition(attempt > 0, "Attempts are counted from 1")
    return .nanoseconds(Backoff.nanoseconds(kind, attempt, &generator))
  }

  private static func nanoseconds(
    _ kind: Kind, _ attempt: Int, _ generator: inout some RandomNumberGenerator
  ) -> Int64 {
    switch kind {
    case .fixed(let wait):
      return wait
    case .exponential(let first, let factor, let limit):
      return min(limit, saturating(Double(first) * power(factor, attempt - 1)))
    case .random(let range):
      return .random(in: range, using: &generator)
    case .listed(let waits):
      return waits[min(attempt, waits.count) - 1]
    case .jittered(let kind, let jitter):
      let wait = nanoseconds(kind, attempt, &generator)
      let certain = jitter == .equal ? wait / 2 : 0
      return certain + .random(in: 0...(wait - certain), using: &generator)
    case .limited(let kind, let limit):
      return min(limit, nanoseconds(kind, attempt, &generator))
    case .sum(let left, let right):
      let first = nanoseconds(left, attempt, &generator)
      let (sum, overflow) = first.addingReportingOverflow(nanoseconds(right, attempt, &generator))
      return overflow ? .max : sum
    }
  }

  /// A power by squaring, so that the millionth attempt costs no more than the tenth. Finite: an infinite
  /// one would make nothing of zero.
  private static func power(_ base: Double, _ exponent: Int) -> Double {
    var (power, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { power = min(power * square, .greatestFiniteMagnitude) }
      square *= square
      rest >>= 1
    }
    return power
  }

  private static func saturating(_ nanoseconds: Double) -> Int64 {
    // 2^63, the first that is too much.
    nanoseconds < 9_223_372_036_854_775_808 ? Int64(nanoseconds) : .max
  }

  private static func checked(_ wait: Duration) -> Int64 {
    precondition(wait >= .zero, "A wait is never negative")
    return wait.nanosecondsRoundedUp
  }
}
