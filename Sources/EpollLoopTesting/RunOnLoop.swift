import CVirtualClock
public import EpollLoop
import Glibc

/// What a test's body has left behind.
public struct Leftovers: Error, CustomStringConvertible {
  /// The tasks that had neither ended nor been cancelled when the body ended.
  public let tasks: [TaskSnapshot]
  /// How many callbacks were pending then.
  public let callbacks: Int
  /// What was on the loop after its run, which had ended those; none of the counts should be more than zero.
  public let census: LoopCensus
  /// How many more descriptors the process has than before, if that was asked for.
  public let descriptors: Int

  public var description: String {
    let counts = [
      (tasks.count, "tasks that run"), (callbacks, "pending callbacks"), (census.tasks, "tasks that do not end"),
      (census.waiters, "waiters"), (census.timers, "timers"), (census.registrations, "watched descriptors"),
      (descriptors, "open descriptors"),
    ]
    let lines = tasks.map { "\n  task \($0)" }
    return "left over: " + counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ") + lines.joined()
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
///   - endsLeftovers: Whether tasks and callbacks that are left when `body` ends do not count: the run's end
///     cancels and awaits the ones and drops the others, as in a program.
///   - countsDescriptors: Whether descriptors of the process that are left open count as leftovers; only
///     for tests that nothing else runs beside.
///   - isolation: The caller's; must be none.
///   - body: The test.
/// - Returns: The value of `body`.
/// - Throws: The error of `body`; ``Leftovers`` if a task that was not cancelled, a callback, waiter, timer,
///   watched descriptor or, if they are counted, open descriptor is left over.
public func runOnLoop<Success>(
  clock: EventLoop.Clock = .virtual, shuffleSeed: UInt64? = nil, endsLeftovers: Bool = false,
  countsDescriptors: Bool = false, isolation: isolated (any Actor)? = #isolation,
  _ body: @escaping () async throws -> Success
) throws -> Success {
  precondition(isolation == nil, "runOnLoop blocks its thread: call it from a nonisolated test")
  let before = countsDescriptors ? openDescriptors() : 0
  var unended = (tasks: [TaskSnapshot](), callbacks: 0)
  let (value, census) = try runOnFreshLoop(clock, shuffleSeed) {
    let value = try await body()
    if !endsLeftovers {
      await letCancelledTasksGoOn()
      unended = EventLoop.current.unended
    }
    return value
  }
  let descriptors = countsDescriptors ? openDescriptors() - before : 0
  guard unended.tasks.isEmpty, unended.callbacks == 0, census == .empty, descriptors <= 0 else {
    throw Leftovers(
      tasks: unended.tasks, callbacks: unended.callbacks, census: census, descriptors: max(0, descriptors))
  }
  return value
}

/// Lets cancelled tasks, and those that they cancel in turn, come to their ends, as far as no time has to pass.
private func letCancelledTasksGoOn() async {
  // Not for ever, should one ignore its cancellation and yield on and on.
  var yields = 0
  while yields < 10_000, EventLoop.current.tasks.contains(where: { $0.isCancelled && $0.state == .ready }) {
    await yield()
    yields += 1
  }
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
