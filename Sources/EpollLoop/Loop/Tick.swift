/// The tick: one turn of the loop. The numbers are those of the Tick page.
extension LoopCore {
  /// How many jobs and callbacks run at the most before the kernel, the inbox and the timers are
  /// looked at again: what bounds the delay that busy tasks can cause to a socket.
  static let turnsPerLook = 256
  /// How many operations of one job may succeed at once before it must give way.
  static let operationsPerTurn = 32

  /// Runs ticks on this thread until ``stop()``.
  func run() {
    enter()
    turn()
    leave()
  }

  /// Makes this the loop of this thread.
  func enter() {
    checkMayRun()
    precondition(inbox.open(), LoopCore.runsElsewhere)
    CurrentLoop.set(Unmanaged.passUnretained(self).toOpaque())
  }

  /// Traps, before anything of the loop is touched, where it cannot be run.
  func checkMayRun() {
    precondition(
      CurrentLoop.address == nil,
      """
      An event loop already runs on this thread: await the work there instead of nesting a run
      """)
    precondition(!inbox.isRunning, LoopCore.runsElsewhere)
  }

  private static var runsElsewhere: String { "This event loop already runs on another thread" }

  /// Runs ticks until ``stop()``.
  func turn() {
    isStopping = false
    isAborted = false
    // Tasks may wait before the first poll.
    lookTime = clock.coarseNow
    // What was submitted before the run comes first, however short the run is.
    if batch.isEmpty { _ = inbox.take(into: &batch, idle: false) }
    receive()
    while !isStopping { tick() }
  }

  /// One turn of the loop.
  @inline(__always)
  func tick() {
    // 1. What is ready now is this tick's share; what it makes ready comes after.
    var turns = min(ready.count, LoopCore.turnsPerLook &- turnsSinceLook)
    turnsSinceLook &+= turns

    // 2. Run it, first in, first out.
    while turns > 0, !isStopping {
      if shuffle != nil { shuffleNext(of: turns) }
      turns &-= 1
      let turn = ready.removeFirst()
      warmUp()
      run(turn)
    }

    // While work is ready, steps 3 to 7 wait until 256 turns have passed.
    if isStopping || (ready.count > 0 && turnsSinceLook < LoopCore.turnsPerLook) { return }
    turnsSinceLook = 0
    look()
  }

  /// Steps 3 to 8: asks everyone outside for news.
  func look() {
    // 3. Take the inbox under its lock, and say in the same breath whether we may sleep.
    let isIdle = batch.isEmpty && inbox.take(into: &batch, idle: ready.count == 0)
    if !batch.isEmpty { receive() }
    let mayBlock = isIdle && !clockJumps && !awaitsIdle
    Perturbation.point()

    // 4. Set the alarm, if it is to ring earlier than it would.
    if mayBlock, !clock.isVirtual, timers.earliest < armed {
      armed = timers.earliest
      alarm.arm(at: Instant(nanoseconds: armed))
      statistics.alarms &+= 1
    }

    // 5. Wait for events, blocking only if nothing is ready.
    statistics.polls &+= 1
    let patience = patience(mayBlock: mayBlock)
    poller.wait(milliseconds: patience) { token, readiness in
      // 6. Turn each into wakes; no user code runs here.
      statistics.events &+= 1
      if let registration = registrations.find(token) {
        registration._withUnsafeGuaranteedRef { $0.report(readiness, self) }
      } else {
        reportOwn(token)
      }
    }

    if patience > 0 { checkStuck() }

    // 7. Wake the due timers, in order of deadline and creation.
    if timers.count > 0 { wakeDueTimers(isIdle: isIdle) }
    if awaitsIdle, isIdle, ready.count == 0 { wakeIdleWaiters() }

    // 8. The next tick begins.
    lookTime = clock.coarseNow
  }

  /// An event of the bell or the alarm, or one for a registration that has ended.
  private func reportOwn(_ token: UInt64) {
    switch token {
    case LoopCore.bellToken: break
    case LoopCore.alarmToken: armed = .max
    default: statistics.staleEvents &+= 1
    }
  }

  /// Whether an idle loop on virtual time goes on without blocking: a timer is due, or time jumps to the first one.
  private var clockJumps: Bool {
    guard clock.isVirtual, timers.count > 0 else { return false }
    return timers.earliest <= clock.now.nanoseconds || (clock.jumps && holds == 0 && !awaitsIdle)
  }

  private func wakeDueTimers(isIdle: Bool) {
    if isIdle, clockJumps, ready.count == 0 {
      moveClock(to: Instant(nanoseconds: timers.earliest))
    }
    let now = clock.now.nanoseconds
    while let slot = timers.removeFirst(dueAt: now) {
      // While this one is woken, the processor fetches the next.
      if let next = timers.first { Prefetch.line(at: UInt(bitPattern: waiters.slots + Int(next))) }
      wake(slot: slot, .timedOut)
    }
  }

  /// Takes in what other threads have submitted, no more of it than runs until the next look: else
  /// threads that submit faster than the loop runs would keep it busy with taking in.
  func receive() {
    let end = min(batch.count, received + LoopCore.turnsPerLook)
    while received < end {
      let item = batch[received]
      batch[received] = .actorJob(0)
      received += 1
      switch item {
      case .actorJob(let job): ready.append(job, .actorJob)
      case .loopJob(let job): ready.append(job, .loopJob)
      case .wake(let waiter, let wake): self.wake(waiter, wake)
      case .release(let sentinel): waiters.giveBack(sentinel)
      case .call(let body): accept(body)
      case .news(let body): body()
      }
    }
    guard received == batch.count else { return }
    Inbox.clear(&batch)
    received = 0
  }

  /// Has the processor fetch what the next turns need while this one runs: with a thousand connections, or
  /// a million sleeps, each task's memory has been evicted since its last turn.
  @inline(__always)
  private func warmUp() {
    guard ready.count > 0 else { return }
    // In steps, since each finds the next one's address in what it has had fetched.
    if ready.count > 4, case .waiter = ready.peek(4).kind {
      Prefetch.line(at: UInt(bitPattern: waiters.slots + Int(ready.peek(4).subject)))
    }
    if ready.count > 1 {
      let turn = ready.peek(min(2, ready.count &- 1))
      if case .waiter = turn.kind {
        let slot = waiters.slots + Int(turn.subject)
        // A function's context stands where a task's record does.
        Prefetch.line(at: slot.pointee.record)
        if slot.pointee.kind == .task { Prefetch.task(at: slot.pointee.subject) }
      } else {
        Prefetch.task(at: turn.subject)
      }
    }
    if case .waiter = ready.peek(0).kind {
      let slot = waiters.slots + Int(ready.peek(0).subject)
      if slot.pointee.kind == .task { Prefetch.frame(ofTaskAt: slot.pointee.subject) }
    }
  }

  /// Puts one of this tick's remaining turns first, chosen by the seed.
  private func shuffleNext(of turns: Int) {
    guard var random = shuffle, turns > 1 else { return }
    ready.bringForward(Int.random(in: 0..<turns, using: &random))
    shuffle = random
  }
}

extension LoopCore {
  /// Runs one turn.
  @inline(__always)
  func run(_ turn: ReadyQueue.Turn) {
    statistics.turns &+= 1
    if slowTurns != nil { return runTimed(turn) }
    runNow(turn)
  }

  /// Runs one turn, with an eye on how long it takes.
  @inline(never)
  private func runTimed(_ turn: ReadyQueue.Turn) {
    slowTurns?.begin()
    runNow(turn)
    // A copy, since whoever hears of it may end the reports.
    if let slowTurns { slowTurns.end() }
  }

  @inline(__always)
  private func runNow(_ turn: ReadyQueue.Turn) {
    switch turn.kind {
    case .actorJob: run(job: turn.subject, on: .actor, record: 0)
    case .loopJob: run(job: turn.subject, on: .loop, record: 0)
    case .waiter: run(slot: turn.subject)
    }
  }

  @inline(__always)
  private func run(slot index: UInt) {
    let slot = waiters.slots[Int(index)]
    switch slot.kind {
    case .task:
      run(job: slot.subject, on: slot.home, record: slot.record)
    case .job:
      waiters.giveBack(UInt32(truncatingIfNeeded: index))
      run(job: slot.subject, on: slot.home, record: 0)
    case .function:
      currentHome = .actor
      runFunction(UInt32(truncatingIfNeeded: index))
    case .callback:
      currentHome = .actor
      runCallback(UInt32(truncatingIfNeeded: index))
    case .free, .sentinel:
      preconditionFailure("A waiter's slot was given back while it was ready")
    }
  }

  // SAFETY: an executor reference of two zero words is the runtime's "generic" one.
  static let noExecutor = unsafeBitCast((UInt(0), UInt(0)), to: UnownedSerialExecutor.self)

  /// Runs a job on the executor it was enqueued to, or suspended on.
  @inline(__always)
  private func run(job address: UInt, on home: Home, record: UInt) {
    currentHome = home
    currentRecord = record
    budget = LoopCore.operationsPerTurn
    // SAFETY: the address came from an UnownedJob, which is one word, and is run once.
    let job = unsafeBitCast(address, to: UnownedJob.self)
    switch home {
    case .actor:
      if ownsProcess {
        job.runSynchronously(on: serialExecutor.unsafelyUnwrapped)
      } else {
        // With the task executor that its tasks prefer: else each of their hops would enqueue them again.
        job.runSynchronously(
          isolatedTo: serialExecutor.unsafelyUnwrapped, taskExecutor: taskExecutor.unsafelyUnwrapped)
      }
    case .loop: job.runSynchronously(on: taskExecutor.unsafelyUnwrapped)
    case .none: job.runSynchronously(on: LoopCore.noExecutor)
    }
    if slowTurns != nil { slowTurns?.note(currentRecord) }
    currentRecord = 0
  }
}
