/// Makes attempts until one succeeds.
///
/// ```swift
/// let page = try await retry(attempts: 5, wait: .exponential().jittered(.full), within: .seconds(30)) { _ in
///   try await fetch(address)
/// }
/// ```
///
/// An attempt that is cut off by `attemptLimit` has failed with ``TimeoutError``, as in
/// ``withTimeout(_:isolation:_:)``, and is made again, as after every error. What is over is never tried again: when
/// the task is cancelled, also by a timeout outside, or when an attempt throws `CancellationError`, that attempt was
/// the last one.
///
/// - Parameters:
///   - attempts: How many to make at the most, the first one included; `Int.max` for no limit.
///   - wait: How long to wait after each attempt that has failed.
///   - attemptLimit: The longest that one attempt may take; more than zero.
///   - limit: The longest that all of it may take. A wait that would last until then or longer is not
///     begun, and an attempt that still runs then is cancelled. Zero and less cancel the first attempt at
///     its first wait.
///   - isRetried: Whether to try again after an error; after every one, unless given.
///   - beforeWait: Called before each wait with the number of the attempt that has failed, counted from 1, its error
///     and the coming wait: for a log.
///   - generator: Where the chance in `wait` comes from. It is copied: each call begins with it anew.
///   - isolation: Where the attempts run; the caller's, unless given.
///   - body: An attempt; it is given its number, counted from 1 in each call.
/// - Returns: The value of the attempt that succeeds, also if the task is cancelled meanwhile.
/// - Throws: ``RetryError`` when there are to be no more attempts. As it is, an error that `isRetried` refuses and
///   that of a cancelled attempt; `CancellationError` if the task is cancelled between two attempts.
/// - Precondition: An event loop runs on this thread.
@inlinable
public func retry<Success>(
  attempts: Int, wait: Backoff = .exponential(), attemptLimit: Duration? = nil, within limit: Duration? = nil,
  if isRetried: (any Error) -> Bool = { _ in true },
  beforeWait: (_ attempt: Int, _ error: any Error, _ wait: Duration) -> Void = { _, _, _ in },
  using generator: any RandomNumberGenerator = SystemRandomNumberGenerator(),
  isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping (_ attempt: Int) async throws -> Success
) async throws -> Success {
  precondition(attempts > 0, "Retrying makes at least one attempt")
  var generator = generator
  var schedule = RetrySchedule(attempts: attempts, attemptLimit: attemptLimit, limit: limit)
  while true {
    try Task.checkCancellation()
    let attempt = schedule.begin()
    do {
      guard schedule.isLimited else { return try await body(attempt) }
      return try await withTimeout(until: schedule.cutoff, given: schedule.cutoffTimeout, isolation: isolation) {
        try await body(attempt)
      }
    } catch {
      try schedule.check(error)
      guard isRetried(error) else { throw error }
      let wait = wait.wait(after: attempt, using: &generator)
      let next = try schedule.next(after: wait, since: error)
      beforeWait(attempt, error, wait)
      try await sleep(until: next)
    }
  }
}

/// Attempts have failed, and there are to be no more.
///
/// ```swift
/// do {
///   try await retry(attempts: 5) { _ in try await connect() }
/// } catch let error as RetryError where (error.lastError as? IOError)?.reason == .connectionRefused {
///   print("nobody listens there; asked \(error.attempts) times in \(error.elapsed)")
/// }
/// ```
public struct RetryError: Error {
  /// Why there are to be no more.
  public enum Reason: Hashable, Sendable {
    /// As many have been made as were allowed.
    case attempts
    /// The time for all of them is over, or would be after the next wait.
    case time
  }

  /// Why there are to be no more.
  public let reason: Reason
  /// How many were made.
  public let attempts: Int
  /// How long they took, with the waits in between, on the loop's clock.
  public let elapsed: Duration
  /// The error of the last one.
  public let lastError: any Error

  /// Makes an error.
  public init(_ reason: Reason, attempts: Int, elapsed: Duration, lastError: any Error) {
    self.reason = reason
    self.attempts = attempts
    self.elapsed = elapsed
    self.lastError = lastError
  }
}

extension RetryError: CustomStringConvertible {
  /// "gave up after 3 attempts in 1.5 seconds: THE LAST ERROR".
  public var description: String {
    let rounded = Duration.milliseconds(Int64(elapsed / .milliseconds(1)))
    return "gave up after \(attempts) \(attempts == 1 ? "attempt" : "attempts") in \(rounded): \(lastError)"
  }
}

/// How far the attempts of one call have come, and how far they may go.
@usableFromInline
struct RetrySchedule {
  private let attempts: Int
  private let attemptLimit: Duration?
  private let limit: Duration?
  private let start: Instant
  /// When all of it must have ended.
  private let deadline: Instant
  /// How many attempts have begun.
  private var begun = 0
  /// When the present attempt must have ended.
  @usableFromInline private(set) var cutoff = Instant.distantFuture
  /// The limit that this instant comes from.
  @usableFromInline var cutoffTimeout: Duration? { cutoff == deadline ? limit : attemptLimit }

  @usableFromInline
  init(attempts: Int, attemptLimit: Duration?, limit: Duration?) {
    precondition(attemptLimit ?? .nanoseconds(1) > .zero, "An attempt may take more than no time at all")
    self.attempts = attempts
    self.attemptLimit = attemptLimit
    self.limit = limit
    let start = LoopCore.current.now
    self.start = start
    deadline = limit.map { start + $0 } ?? .distantFuture
  }

  /// Begins an attempt.
  ///
  /// - Returns: Its number, counted from 1.
  @usableFromInline
  mutating func begin() -> Int {
    begun += 1
    cutoff = min(deadline, attemptLimit.map { LoopCore.current.now + $0 } ?? .distantFuture)
    return begun
  }

  /// When the next attempt begins, if it is made after a wait.
  @usableFromInline
  func next(after wait: Duration, since error: any Error) throws(RetryError) -> Instant {
    guard begun < attempts else { throw end(.attempts, error) }
    let next = LoopCore.current.now + wait
    guard next < deadline || deadline == .distantFuture else { throw end(.time, error) }
    return next
  }

  /// Whether the present attempt has a limit on its time.
  @usableFromInline var isLimited: Bool { cutoff < .distantFuture }

  /// Throws if the attempt was the last one: it was cancelled, or the time for all of them is over, which is not the
  /// attempt's own error.
  @usableFromInline
  func check(_ error: any Error) throws {
    if Task.isCancelled || isCancellation(error) { throw error }
    guard let error = error as? TimeoutError, error.deadline == deadline else { return }
    throw end(.time, error)
  }

  private func end(_ reason: RetryError.Reason, _ error: any Error) -> RetryError {
    RetryError(reason, attempts: begun, elapsed: LoopCore.current.now - start, lastError: error)
  }
}
