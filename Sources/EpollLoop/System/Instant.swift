import CEpollShim

/// A point on a loop's clock, in nanoseconds.
///
/// The clock is CLOCK_BOOTTIME (clock_gettime(2)), the one behind `ContinuousClock`: it never goes
/// back and counts the time in which the machine sleeps. On a virtual loop it starts at zero.
/// Arithmetic saturates: the far end, ``distantFuture``, is never reached.
public struct Instant: Hashable, Comparable, Sendable, InstantProtocol {
  /// Nanoseconds since the clock's start.
  public let nanoseconds: Int64

  /// Makes an instant from nanoseconds since the clock's start.
  public init(nanoseconds: Int64) {
    self.nanoseconds = nanoseconds
  }

  /// The instant that never comes.
  public static let distantFuture = Instant(nanoseconds: .max)

  /// Reads the kernel's clock.
  static var kernelNow: Instant { Instant(nanoseconds: cepoll_clock_now()) }

  /// Reads a clock for measuring how long something takes, the same on all threads and never virtual.
  static var measuringNow: Instant { Instant(nanoseconds: cepoll_clock_raw_now()) }

  /// Reads CLOCK_MONOTONIC_COARSE, for a quarter of what an exact clock takes.
  @inline(__always)
  static var coarseNanoseconds: Int64 { cepoll_clock_coarse_now() }

  /// How far CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC: the time the machine has slept, and never less.
  static var timeAsleep: Duration {
    // In this order: what passes between the two adds to it, and an instant that it is added to is not early.
    let awake = cepoll_clock_monotonic_now()
    return .nanoseconds(cepoll_clock_now() - awake)
  }

  public static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// The instant a duration later, rounded up to whole nanoseconds: never early.
  public static func + (instant: Instant, duration: Duration) -> Instant {
    let (sum, overflow) = instant.nanoseconds.addingReportingOverflow(duration.nanosecondsRoundedUp)
    guard overflow else { return Instant(nanoseconds: sum) }
    return duration < .zero ? Instant(nanoseconds: .min) : .distantFuture
  }

  /// The instant a duration later, as `+`.
  public func advanced(by duration: Duration) -> Instant { self + duration }

  /// How much later another instant is; negative if it is earlier.
  public func duration(to other: Instant) -> Duration { other - self }

  /// How much later the left instant is; negative if it is earlier.
  public static func - (left: Instant, right: Instant) -> Duration {
    let (difference, overflow) = left.nanoseconds.subtractingReportingOverflow(right.nanoseconds)
    guard overflow else { return .nanoseconds(difference) }
    return .nanoseconds(left > right ? Int64.max : Int64.min)
  }
}

extension Duration {
  /// Whole nanoseconds, rounded towards the later, saturating at ±292 years.
  @inline(__always)
  var nanosecondsRoundedUp: Int64 {
    // `components` traps for more seconds than an Int64 holds.
    guard self < .seconds(10_000_000_000) else { return .max }
    guard self > .seconds(-10_000_000_000) else { return .min }
    let (seconds, attoseconds) = components
    let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
    guard !overflow else { return seconds < 0 ? .min : .max }
    // Of a negative duration the attoseconds are negative: the division already rounds up.
    let fraction = attoseconds > 0 ? (attoseconds + 999_999_999) / 1_000_000_000 : attoseconds / 1_000_000_000
    let (sum, carried) = scaled.addingReportingOverflow(fraction)
    return carried ? (seconds < 0 ? .min : .max) : sum
  }
}
