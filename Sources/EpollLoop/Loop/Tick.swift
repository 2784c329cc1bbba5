/// The tick: one turn of the loop. The numbers are those of the Tick page.
extension LoopCore {
  /// How many jobs and callbacks run at the most before the kernel, the inbox and the timers are
  /// looked at again: what bounds the delay that busy tasks can cause to a socket.
  static let turnsPerLook = 256
  /// How many operations of one job may succeed at once before it must give way.
  static let operationsPerTurn = 32

  /// Runs ticks on this thread until ``stop()``.
  func run() {
    precondition(
      CurrentLoop.address == nil,
      """
      An event loop already runs on this thread: await the work there instead of nesting a run
      """)
    precondition(inbox.open(), "This event loop already runs on another thread")
    CurrentLoop.set(Unmanaged.passUnretained(self).toOpaque())
    defer {
      CurrentLoop.set(nil)
      inbox.close()
    }
    isStopping = false
    while !isStopping { tick() }
  }

  /// Ends the run after the job that runs now. On the loop's thread only.
  func stop() {
    isStopping = true
  }

  /// One turn of the loop.
  @inline(__always)
  func tick() {
    // 1. What is ready now is this tick's share; what it makes ready comes after.
    var turns = min(ready.count, LoopCore.turnsPerLook)
    turnsSinceLook &+= turns

    // 2. Run it, first in, first out.
    if shuffle != nil { shuffleReady() }
    while turns > 0, !isStopping {
      turns &-= 1
      run(ready.removeFirst())
    }

    // While work is ready, steps 3 to 7 wait until 256 turns have passed.
    if isStopping || (ready.count > 0 && turnsSinceLook < LoopCore.turnsPerLook) { return }
    turnsSinceLook = 0
    look()
  }

  /// Steps 3 to 8: asks everyone outside for news.
  private func look() {
    // 3. Take the inbox under its lock, and say in the same breath whether we may sleep.
    let isIdle = inbox.take(into: &batch, idle: ready.count == 0)
    if !batch.isEmpty { receive() }
    let mayBlock = isIdle && !clockJumps
    Perturbation.point()

    // 4. Set the alarm, if it is to ring earlier than it would.
    if mayBlock, !clock.isVirtual, timers.earliest < armed {
      armed = timers.earliest
      alarm.arm(at: Instant(nanoseconds: armed))
      statistics.alarms &+= 1
    }

    // 5. Wait for events, blocking only if nothing is ready.
    statistics.polls &+= 1
    poller.wait(blocking: mayBlock) { token, readiness in
      // 6. Turn each into wakes; no user code runs here.
      statistics.events &+= 1
      if let registration = registrations.find(token) {
        registration._withUnsafeGuaranteedRef { $0.report(readiness, self) }
      } else {
        reportOwn(token)
      }
    }

    // 7. Wake the due timers, in order of deadline and creation.
    if timers.count > 0 { wakeDueTimers(isIdle: isIdle) }

    // 8. The next tick begins.
  }

  /// An event of the bell or the alarm, or one for a registration that has ended.
  private func reportOwn(_ token: UInt64) {
    switch token {
    case LoopCore.bellToken: break
    case LoopCore.alarmToken: armed = .max
    default: statistics.staleEvents &+= 1
    }
  }

  /// Whether an idle loop's clock jumps instead of blocking.
  private var clockJumps: Bool {
    clock.isVirtual && holds == 0 && timers.count > 0
  }

  private func wakeDueTimers(isIdle: Bool) {
    if isIdle, clockJumps, ready.count == 0 {
      clock = .virtual(now: max(clock.now.nanoseconds, timers.earliest))
    }
    let now = clock.now.nanoseconds
    while let slot = timers.removeFirst(dueAt: now) {
      wake(slot: slot, .timedOut)
    }
  }

  /// Takes in what other threads have submitted.
  func receive() {
    for item in batch {
      switch item {
      case .mainJob(let job): ready.append(job, .mainJob)
      case .loopJob(let job): ready.append(job, .loopJob)
      case .wake(let waiter, let wake): self.wake(waiter, wake)
      case .call(let body): soon(body)
      }
    }
    batch.removeAll(keepingCapacity: true)
  }

  private func shuffleReady() {
    guard var random = shuffle, ready.count > 1 else { return }
    ready.bringForward(Int.random(in: 0..<ready.count, using: &random))
    shuffle = random
  }
}

extension LoopCore {
  /// Runs one turn.
  @inline(__always)
  private func run(_ turn: ReadyQueue.Turn) {
    statistics.turns &+= 1
    switch turn.kind {
    case .mainJob: run(job: turn.subject, on: .main, record: 0)
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
    case .callback:
      runCallback(UInt32(truncatingIfNeeded: index))
    case .free, .sentinel:
      preconditionFailure("A waiter's slot was given back while it was ready")
    }
  }

  /// Runs a job on the executor it was enqueued to, or suspended on.
  @inline(__always)
  private func run(job address: UInt, on home: Home, record: UInt) {
    currentHome = home
    currentRecord = record
    budget = LoopCore.operationsPerTurn
    // SAFETY: the address came from an UnownedJob, which is one word, and is run once.
    let job = unsafeBitCast(address, to: UnownedJob.self)
    switch home {
    case .main: job.runSynchronously(on: mainExecutor.unsafelyUnwrapped)
    case .loop: job.runSynchronously(on: taskExecutor.unsafelyUnwrapped)
    }
    currentRecord = 0
  }
}
