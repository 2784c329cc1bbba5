import CVirtualClock
import EpollLoop
import Glibc

/// One run of a test's body on a fresh loop: what stands behind the forms of `runOnLoop`.
// SAFETY: the loop's thread alone writes what is written, and the caller reads it after the run.
final class Fixture: @unchecked Sendable {
  private let clock: EventLoop.Clock
  private let shuffleSeed: UInt64?
  private let timeLimit: Duration
  private let endsLeftovers: Bool
  private let countsDescriptors: Bool
  private let allowsUnawaitedErrors: Bool
  private var unended = (tasks: [TaskSnapshot](), callbacks: 0)
  private var census = LoopCensus.empty
  private var stuck: StuckError?
  private var unawaited: [UnawaitedError.Failure] = []

  init(
    _ clock: EventLoop.Clock, _ shuffleSeed: UInt64?, timeLimit: Duration, endsLeftovers: Bool,
    countsDescriptors: Bool, allowsUnawaitedErrors: Bool
  ) {
    self.clock = clock
    self.shuffleSeed = shuffleSeed
    self.timeLimit = timeLimit
    self.endsLeftovers = endsLeftovers
    self.countsDescriptors = countsDescriptors
    self.allowsUnawaitedErrors = allowsUnawaitedErrors
  }

  /// Runs it on a thread of its own, and suspends the calling task.
  nonisolated(nonsending) func runOnThread<Success>(
    _ body: @escaping @Sendable (_ loop: isolated LoopActor) async throws -> sending Success
  ) async throws -> sending Success {
    // A test within a test has its slot already.
    let needsSlot = !EventLoop.isOnThread
    if needsSlot { await TestSlots.shared.take() }
    let result: Result<Success, any Error>
    do {
      let before = countDescriptors()
      let value = try await runOnThread(EventLoop(clock: clock, shuffleSeed: shuffleSeed), body)
      try check(descriptorsBefore: before)
      result = .success(value)
    } catch {
      result = .failure(error)
    }
    if needsSlot { await TestSlots.shared.giveBack() }
    return try result.get()
  }

  private nonisolated(nonsending) func runOnThread<Success>(
    _ loop: EventLoop, _ body: @escaping @Sendable (_ loop: isolated LoopActor) async throws -> sending Success
  ) async throws -> sending Success {
    try await loop.runOnThread(
      named: "loop under test", around: { run in try self.run(loop, run) }, withEnd(body))
  }

  /// Runs it on this thread.
  func run<Success>(
    _ body: @escaping @Sendable (_ loop: isolated LoopActor) async throws -> sending Success
  ) throws -> sending Success {
    let before = countDescriptors()
    let loop = try EventLoop(clock: clock, shuffleSeed: shuffleSeed)
    let run = ThreadRun(of: loop, withEnd(body))
    run.start()
    let value = try self.run(loop, run)
    try check(descriptorsBefore: before)
    return value
  }

  private func run<Success>(_ loop: EventLoop, _ run: ThreadRun<Success>) throws -> sending Success {
    if clock != .kernel {
      loop.observeVirtualClock { c_virtual_clock_set($0.nanoseconds) }
      loop.observeStuck { [unowned self, unowned loop] in endStuck(loop) }
    }
    if !allowsUnawaitedErrors {
      loop.observeUnhandledErrors { [unowned self] in unawaited.append(UnawaitedError.Failure(error: $0, task: $1)) }
    }
    let limit = startTimeLimit(loop)
    defer {
      limit.cancel()
      c_virtual_clock_set(-1)
    }
    do {
      let value = try run.run()
      census = loop.census
      if let stuck { throw stuck }
      return value
    } catch {
      throw stuck ?? error
    }
  }

  /// Ends a test that can never go on: cancels its tasks, and leaves them where they are if that does not help.
  ///
  /// - Parameter limit: The real time after which it is ended; nil if the loop has found that nothing can wake it.
  private func endStuck(_ loop: EventLoop, after limit: Duration? = nil) {
    guard stuck == nil else { return loop.abortRun() }
    stuck = StuckError(tasks: loop.tasks, timeLimit: limit)
    loop.cancelAll()
  }

  /// Ends the run when it has taken too long: first its tasks, and after a tenth of the limit more the run itself.
  ///
  /// The limit is measured on Swift's own threads: the loop may be blocked, and its time may be virtual.
  private func startTimeLimit(_ loop: EventLoop) -> Task<Void, any Error> {
    Task.detached { [self, weak loop] in
      for patience in [timeLimit, timeLimit / 10] {
        try await Task.sleep(for: patience)
        guard let loop else { return }
        try loop.execute { [self] in endStuck(loop, after: timeLimit) }
      }
    }
  }

  private func check(descriptorsBefore before: Int) throws {
    if !unawaited.isEmpty { throw UnawaitedError(failures: unawaited) }
    let descriptors = max(0, countDescriptors() - before)
    guard unended.tasks.isEmpty, unended.callbacks == 0, census == .empty, descriptors == 0 else {
      throw Leftovers(tasks: unended.tasks, callbacks: unended.callbacks, census: census, descriptors: descriptors)
    }
  }

  /// How many descriptors this process has open, from /proc/self/fd (proc(5)); 0 if they do not count.
  private func countDescriptors() -> Int {
    guard countsDescriptors, let folder = opendir("/proc/self/fd") else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while readdir(folder) != nil { count += 1 }
    return count
  }

  /// A body that notes at its end what it has left.
  private func withEnd<Success>(
    _ body: @escaping @Sendable (_ loop: isolated LoopActor) async throws -> sending Success
  ) -> @Sendable (isolated LoopActor) async throws -> sending Success {
    { loop in
      let value = try await body(loop)
      await self.bodyHasEnded()
      return value
    }
  }

  private nonisolated(nonsending) func bodyHasEnded() async {
    guard !endsLeftovers else { return }
    // Cancelled tasks, and those that they cancel in turn, come to their ends, as far as no time has to pass; but a
    // task that ignores its cancellation and yields again and again does not hold the test up.
    var yields = 0
    while yields < 10_000, EventLoop.current.tasks.contains(where: { $0.isCancelled && $0.state == .ready }) {
      await yield()
      yields += 1
    }
    unended = EventLoop.current.unended
  }
}

/// A body on its way to the thread of its loop.
// SAFETY: the caller waits for its end and does not use it meanwhile.
final class CarriedBody<Success>: @unchecked Sendable {
  private let body: nonisolated(nonsending) () async throws -> Success

  init(_ body: nonisolated(nonsending) @escaping () async throws -> Success) {
    self.body = body
  }

  nonisolated(nonsending) func run() async throws -> sending Success {
    EventLoop.current.requireCurrent()
    // SAFETY: nothing of the run is left when its caller gets it.
    nonisolated(unsafe) let value = try await body()
    return value
  }
}
