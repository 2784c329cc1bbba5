/// A single-threaded event loop on epoll(7).
///
/// A loop runs callbacks and tasks on one thread, the one that calls ``run(_:)``. Ready work runs
/// first in, first out; timers fire in order of deadline and creation, never early; sockets and
/// timers are looked at after at most 256 jobs.
///
/// A program usually hands its whole process to one loop with the static
/// ``run(cancelOn:_:)``. Any number of further loops may run on threads of their own.
public final class EventLoop: Sendable {
  /// How a loop's clock moves.
  public enum Clock: Sendable {
    /// With the kernel's CLOCK_BOOTTIME.
    case kernel
    /// Not at all, until nothing is ready; then it jumps to the earliest deadline. Starts at zero.
    case virtual
    /// Not at all, until a test moves it with `advance(by:)` of `EpollLoopTesting`. Starts at zero.
    case manual

    /// The time of a new loop.
    fileprivate var source: TimeSource {
      switch self {
      case .kernel: .kernel
      case .virtual: .virtual(now: 0)
      case .manual: .virtual(now: 0, jumps: false)
      }
    }
  }

  let bound: LoopBound<LoopCore>
  let inbox: Inbox
  let taskExecutor: LoopTaskExecutor
  let serialExecutor: LoopSerialExecutor
  /// The actor of a loop that does not own the process.
  let actor: LoopActor

  /// Makes a loop that runs when one of its `run` functions is called.
  ///
  /// - Parameters:
  ///   - clock: How its time moves.
  ///   - shuffleSeed: If given, equally ready work runs in an order that this seed determines,
  ///     for tests.
  /// - Throws: ``IOError`` if the kernel has no descriptor for it; a loop takes three.
  public convenience init(clock: Clock = .kernel, shuffleSeed: UInt64? = nil) throws {
    do {
      try self.init(makingWith: clock, shuffleSeed: shuffleSeed)
    } catch {
      throw IOError(.makeLoop, error)
    }
  }

  private init(makingWith clock: Clock, shuffleSeed: UInt64?) throws(Errno) {
    let inbox = try Inbox()
    let core = try LoopCore(inbox: inbox, clock: clock.source)
    self.inbox = inbox
    taskExecutor = LoopTaskExecutor(core)
    serialExecutor = LoopSerialExecutor(core)
    actor = LoopActor(serialExecutor)
    bound = LoopBound(core, core)
    core.shuffle = shuffleSeed.map { Shuffle(seed: $0) }
    core.taskExecutor = taskExecutor.asUnownedTaskExecutor()
    core.serialExecutor = serialExecutor.asUnownedSerialExecutor()
    core.loop = self
  }

  /// The loop that runs on this thread.
  ///
  /// - Precondition: There is one.
  public static var current: EventLoop { LoopCore.current.face }

  /// The loop's time, read now. On the loop's thread only.
  public var now: Instant { bound.open("EventLoop.now").now }

  /// What the loop has done so far. On the loop's thread only.
  public var statistics: LoopStatistics { bound.open("EventLoop.statistics").statistics }

  /// Has the loop call a function; from any thread, at any time.
  ///
  /// Functions submitted by one thread are called in the order of their submission. If the loop
  /// does not run yet, they wait until it does.
  ///
  /// - Throws: ``IOError`` with ``Errno/canceled`` if the loop's run has ended; then `body` is never
  ///   called.
  public func execute(_ body: @escaping @Sendable () -> Void) throws {
    guard inbox.submit(.call(body)) else {
      throw IOError(.execute, .canceled, "the loop's run has ended")
    }
  }
}
