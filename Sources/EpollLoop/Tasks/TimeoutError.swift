/// The time that a body was given is over, and the body was cut off.
///
/// ``withTimeout(_:isolation:_:)`` and its kin throw it, and an attempt of
/// ``retry(attempts:wait:attemptLimit:within:if:beforeWait:using:isolation:_:)`` that took too long fails with it. The
/// kernel's own ETIMEDOUT, such as that of a peer that does not answer, is an ``IOError`` with ``Errno/timedOut``.
public struct TimeoutError: Error, Hashable, Sendable {
  /// The duration that the body was given; nil if it was given a deadline.
  public let timeout: Duration?
  /// The instant of the loop's clock at which the time was over: tells nested timeouts apart.
  public let deadline: Instant

  /// Creates an error.
  public init(timeout: Duration? = nil, deadline: Instant) {
    self.timeout = timeout
    self.deadline = deadline
  }
}

extension TimeoutError: CustomStringConvertible {
  /// "timed out after DURATION", or "timed out at the deadline".
  public var description: String {
    timeout.map { "timed out after \($0)" } ?? "timed out at the deadline"
  }
}
