public import EpollLoop

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

/// Runs a test's body on a fresh loop, with virtual time by default, and waits for its end.
///
/// ```swift
/// @Test func `a request is given up after half a minute`() async throws {
///   try await runOnLoop {
///     await #expect(throws: TimeoutError.self) { try await withTimeout(.seconds(30)) { try await request() } }
///   }
/// }
/// ```
///
/// On a virtual clock a sleep of a day takes microseconds: time stands still until nothing is ready,
/// then jumps to the next deadline. `Task.sleep`, `ContinuousClock` and `SuspendingClock` follow it on
/// the loop's thread. As long as an offloaded call is in flight, time does not jump. Two runs of one body
/// behave alike.
///
/// The loop has a thread of its own, and the calling task is suspended: no thread of Swift's pool is blocked. At most
/// one loop under test runs for each processor, and two on a machine with one; further tests wait in FIFO order. The
/// body is isolated to the loop's actor. It may use the test's local variables, since the test waits for it.
///
/// For tests of nonisolated code. In a test that is isolated to an actor, such as one of a `@MainActor` suite, or in a
/// target with `MainActor` as its default isolation, the body would be isolated to that actor, and this throws
/// ``FixtureError``: write `runOnLoop { loop in … }` there.
///
/// - Parameters:
///   - clock: How time moves.
///   - shuffleSeed: If given, equally ready work runs in an order that this seed determines.
///   - timeLimit: How long the run may take in real time, from its start; a run that takes longer is ended, and throws
///     ``StuckError``. A thread that the body blocks cannot be ended.
///   - endsLeftovers: Whether tasks and callbacks that are left when `body` ends do not count: the run's end
///     cancels and awaits the ones and drops the others, as in a program.
///   - countsDescriptors: Whether descriptors of the process that are left open count as leftovers; only
///     for tests that nothing else runs beside.
///   - allowsUnawaitedErrors: Whether errors of spawned tasks that are not awaited are written to standard error, as in a
///     program, instead of failing the test.
///   - isolation: The caller's; must be none.
///   - body: The test.
/// - Returns: The value of `body`.
/// - Throws: The error of `body`; ``Leftovers`` if a task that was not cancelled, a callback, waiter, timer,
///   watched descriptor or, if they are counted, open descriptor is left over; ``UnawaitedError`` if a spawned task has
///   failed and was not awaited; ``StuckError`` if, on virtual time, nothing can ever wake the loop again, or if the run exceeds
///   `timeLimit`. If the calling task is cancelled, so is `body`, and its end is awaited.
public func runOnLoop<Success>(
  clock: EventLoop.Clock = .virtual, shuffleSeed: UInt64? = nil, timeLimit: Duration = .seconds(120),
  endsLeftovers: Bool = false, countsDescriptors: Bool = false, allowsUnawaitedErrors: Bool = false,
  isolation: isolated (any Actor)? = #isolation,
  _ body: nonisolated(nonsending) @escaping () async throws -> Success
) async throws -> Success {
  guard isolation == nil else { throw FixtureError.isolated }
  let fixture = Fixture(
    clock, shuffleSeed, timeLimit: timeLimit, endsLeftovers: endsLeftovers, countsDescriptors: countsDescriptors,
    allowsUnawaitedErrors: allowsUnawaitedErrors)
  let carried = CarriedBody(body)
  return try await fixture.runOnThread { loop in try await carried.run() }
}

/// Runs a test's body on a fresh loop, isolated to the loop's actor; for tests of any isolation.
///
/// As ``runOnLoop(clock:shuffleSeed:timeLimit:endsLeftovers:countsDescriptors:allowsUnawaitedErrors:isolation:_:)``, but `body` uses of the test
/// only what is `Sendable`.
public func runOnLoop<Success>(
  clock: EventLoop.Clock = .virtual, shuffleSeed: UInt64? = nil, timeLimit: Duration = .seconds(120),
  endsLeftovers: Bool = false, countsDescriptors: Bool = false, allowsUnawaitedErrors: Bool = false,
  _ body: @escaping @Sendable (_ loop: isolated LoopActor) async throws -> sending Success
) async throws -> sending Success {
  let fixture = Fixture(
    clock, shuffleSeed, timeLimit: timeLimit, endsLeftovers: endsLeftovers, countsDescriptors: countsDescriptors,
    allowsUnawaitedErrors: allowsUnawaitedErrors)
  return try await fixture.runOnThread(body)
}

/// Runs a test's body on a fresh loop and on the calling thread, which it blocks; for synchronous tests that own
/// their thread, as those of XCTest do.
///
/// As the asynchronous form. On a thread that runs a task, as in a synchronous `@Test` function, it throws
/// ``FixtureError``: a blocked thread of Swift's pool can hang the whole test run.
public func runOnLoop<Success>(
  clock: EventLoop.Clock = .virtual, shuffleSeed: UInt64? = nil, timeLimit: Duration = .seconds(120),
  endsLeftovers: Bool = false, countsDescriptors: Bool = false, allowsUnawaitedErrors: Bool = false,
  isolation: isolated (any Actor)? = #isolation,
  _ body: nonisolated(nonsending) @escaping () async throws -> Success
) throws -> Success {
  guard EventLoop.mayBlock else { throw FixtureError.blocksTask }
  guard isolation == nil else { throw FixtureError.isolated }
  let fixture = Fixture(
    clock, shuffleSeed, timeLimit: timeLimit, endsLeftovers: endsLeftovers, countsDescriptors: countsDescriptors,
    allowsUnawaitedErrors: allowsUnawaitedErrors)
  let carried = CarriedBody(body)
  return try fixture.run { loop in try await carried.run() }
}

/// A use of ``runOnLoop(clock:shuffleSeed:timeLimit:endsLeftovers:countsDescriptors:allowsUnawaitedErrors:isolation:_:)`` that cannot work.
public enum FixtureError: Error, CustomStringConvertible {
  /// The test is isolated to an actor, and so would be the body.
  case isolated
  /// The blocking form was called by a task.
  case blocksTask

  /// The rule, and what to write instead.
  public var description: String {
    switch self {
    case .isolated:
      """
      runOnLoop was called by code that is isolated to an actor, and its body would run on that actor instead of the \
      loop: write 'runOnLoop { loop in … }', or make the test nonisolated
      """
    case .blocksTask:
      """
      The blocking form of runOnLoop was called by a task, whose thread it would block: make the test async, and \
      write 'try await runOnLoop { … }'
      """
    }
  }
}
