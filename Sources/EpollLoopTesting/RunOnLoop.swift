import CVirtualClock
public import EpollLoop
import Glibc

/// What was left on a loop after a test's body had ended.
public struct Leftovers: Error, CustomStringConvertible {
  /// The counts; none of them should be more than zero.
  public let census: LoopCensus
  /// How many more descriptors the process has than before, if that was asked for.
  public let descriptors: Int

  public var description: String {
    "left over on the loop: \(census.tasks) tasks, \(census.waiters) waiters, \(census.timers) timers, "
      + "\(census.registrations) watched descriptors, \(descriptors) open descriptors"
  }
}

/// Runs a test's body on a fresh loop and on this thread, with virtual time unless asked otherwise.
///
/// On a virtual clock a sleep of a day takes microseconds: time stands still until nothing is ready,
/// then jumps to the next deadline. `Task.sleep`, `ContinuousClock` and `SuspendingClock` follow it on
/// this thread. As long as an offloaded call is in flight, time does not jump. Two runs of one body
/// behave alike.
///
/// - Parameters:
///   - clock: How time moves.
///   - shuffleSeed: If given, equally ready work runs in an order that this seed determines.
///   - countsDescriptors: Whether descriptors of the process that are left open count as leftovers; only
///     for tests that nothing else runs beside.
///   - isolation: The caller's; must be none.
///   - body: The test.
/// - Returns: The value of `body`.
/// - Throws: The error of `body`; ``Leftovers`` if a task, waiter, timer or descriptor is left over.
public func runOnLoop<Success>(
  clock: EventLoop.Clock = .virtual, shuffleSeed: UInt64? = nil, countsDescriptors: Bool = false,
  isolation: isolated (any Actor)? = #isolation, _ body: @escaping () async throws -> Success
) throws -> Success {
  precondition(isolation == nil, "runOnLoop blocks its thread: call it from a nonisolated test")
  let before = countsDescriptors ? openDescriptors() : 0
  let (value, census) = try runOnFreshLoop(clock, shuffleSeed, body)
  let descriptors = countsDescriptors ? openDescriptors() - before : 0
  guard census == LoopCensus.empty, descriptors <= 0 else {
    throw Leftovers(census: census, descriptors: descriptors)
  }
  return value
}

private func runOnFreshLoop<Success>(
  _ clock: EventLoop.Clock, _ shuffleSeed: UInt64?, _ body: @escaping () async throws -> Success
) throws -> (Success, LoopCensus) {
  let loop = try EventLoop(clock: clock, shuffleSeed: shuffleSeed)
  if clock == .virtual {
    loop.observeVirtualClock { c_virtual_clock_set($0.nanoseconds) }
  }
  defer { c_virtual_clock_set(-1) }
  let value = try loop.run(body)
  return (value, loop.census)
}

/// How many descriptors this process has open, from /proc/self/fd (proc(5)).
private func openDescriptors() -> Int {
  guard let folder = opendir("/proc/self/fd") else { return 0 }
  defer { closedir(folder) }
  var count = 0
  while readdir(folder) != nil { count += 1 }
  return count
}
