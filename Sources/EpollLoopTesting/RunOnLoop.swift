public import EpollLoop

/// What was left on a loop after a test's body had ended.
public struct Leftovers: Error, CustomStringConvertible {
  /// The counts; none of them should be more than zero.
  public let census: LoopCensus

  public var description: String {
    "left over on the loop: \(census.tasks) tasks, \(census.waiters) waiters, \(census.timers) timers, "
      + "\(census.registrations) descriptors"
  }
}

/// Runs a test's body on a fresh loop and on this thread, with virtual time unless asked otherwise.
///
/// On a virtual clock a sleep of a day takes microseconds: time stands still until nothing is ready,
/// then jumps to the next deadline. Two runs of one body behave alike.
///
/// - Parameters:
///   - clock: How time moves.
///   - shuffleSeed: If given, equally ready work runs in an order that this seed determines.
///   - body: The test.
/// - Returns: The value of `body`.
/// - Throws: The error of `body`; ``Leftovers`` if a task, waiter, timer or descriptor is left over.
public func runOnLoop<Success>(
  clock: EventLoop.Clock = .virtual, shuffleSeed: UInt64? = nil, _ body: @escaping () async throws -> Success
) throws -> Success {
  let loop = try EventLoop(clock: clock, shuffleSeed: shuffleSeed)
  let value = try loop.run(body)
  let census = loop.census
  guard census == LoopCensus.empty else { throw Leftovers(census: census) }
  return value
}
