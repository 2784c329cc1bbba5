import Synchronization

/// Everything of a loop that only its own thread touches.
///
/// It orders the parts and owns none of their logic. The floors above reach it through five verbs:
/// ``park(for:_:)``, ``schedule(_:at:)``, ``register(_:for:)``, ``deregister(_:)`` and ``Inbox/submit(_:)``.
/// Besides these they wake waiters, add and withdraw callbacks, and spend the running job's budget and give way
/// when it is used up.
final class LoopCore {
  // What runs next, who waits, until when, and for which descriptor.
  @exclusivity(unchecked) var ready = ReadyQueue()
  @exclusivity(unchecked) var waiters = WaiterTable()
  @exclusivity(unchecked) var timers = TimerQueue()
  @exclusivity(unchecked) var registrations = RegistrationTable()
  @exclusivity(unchecked) var tasks = TaskTable()
  /// The tasks that nobody waits for in a structured way: cancelled when the run ends.
  let spawned = TaskList()
  /// The same, for hot code: a reference out of a loop that is itself only lent would be counted.
  let spawnedLink: Unmanaged<TaskList>

  /// What names this loop in the ``LoopDirectory``.
  let number: UInt64

  // The kernel's side.
  let poller: Poller
  let alarm: AlarmDescriptor
  let inbox: Inbox
  @exclusivity(unchecked) var clock: TimeSource
  /// The instant to which the alarm is set; `Int64.max` for none.
  @exclusivity(unchecked) var armed = Int64.max

  // Who runs now. Written before each job, read when it parks.
  @exclusivity(unchecked) var currentHome = Home.loop
  /// The address of the running task's record; 0 if it is not known, or none of ours.
  @exclusivity(unchecked) var currentRecord: UInt = 0
  /// The slot that waits for the job of the task that is just suspending.
  @exclusivity(unchecked) var parkingSlot: UInt32 = 0
  /// How many verbs may still succeed at once before the running job must give way.
  @exclusivity(unchecked) var budget = 0

  /// Who runs the process's loop.
  let attendance = Atomic(Attendance.attended)
  /// The address of the task that runs an `async main`; 0 if there is none.
  @exclusivity(unchecked) var mainTask: UInt = 0
  /// The watch of Dispatch's main queue, on the process's loop.
  var mainQueue: DescriptorWatch?
  /// How long a poll may block, in milliseconds; -1 for no limit.
  @exclusivity(unchecked) var longestPoll: Int32 = -1

  // The run.
  /// The task of the present run's body.
  var mainRecord: TaskRecord?
  @exclusivity(unchecked) var isStopping = false
  /// Whether the run ends without awaiting spawned tasks.
  @exclusivity(unchecked) var isAborted = false
  /// How many calls have been accepted from other threads, taken in and not been made.
  @exclusivity(unchecked) var acceptedCalls = 0
  @exclusivity(unchecked) var turnsSinceLook = 0
  @exclusivity(unchecked) var statistics = LoopStatistics()
  /// When the loop last looked at the kernel, to within some milliseconds: for how long tasks wait.
  @exclusivity(unchecked) var lookTime: Int64 = 0
  /// The number of the task that was made last.
  @exclusivity(unchecked) var lastTaskNumber: UInt32 = 0
  /// Watches out for turns that hold the thread for long; nil costs nothing.
  @exclusivity(unchecked) var slowTurns: SlowTurns?
  /// Work elsewhere that holds a virtual clock still, such as an offloaded call.
  @exclusivity(unchecked) var holds = 0
  /// Where offloaded calls go out and come back; the floor above makes it when it first needs it.
  @exclusivity(unchecked) var offloadDesk: AnyObject?
  /// Whether tasks wait until nothing else can run; then a poll does not block, and time does not jump.
  @exclusivity(unchecked) var awaitsIdle = false
  /// The waiters of those tasks; stale ones too, until they are woken.
  @exclusivity(unchecked) var idleWaiters: [Waiter] = []
  /// Called when nothing can wake a loop on virtual time any more; nil does not look for that.
  var onStuck: (() -> Void)?
  /// Called with each error that no task awaits; nil writes it to standard error.
  var onUnhandledError: ((any Error, String) -> Void)?
  /// Hears of each jump of a virtual clock.
  var clockMoved: ((Instant) -> Void)?
  /// What the inbox held; kept for its storage.
  @exclusivity(unchecked) var batch: [Inbox.Item] = []
  /// How many of them have been taken in.
  @exclusivity(unchecked) var received = 0
  /// Read buffers that nobody needs at the moment.
  @exclusivity(unchecked) var buffers = BufferPool()
  /// Chooses among what is equally ready; nil keeps the order of arrival.
  @exclusivity(unchecked) var shuffle: Shuffle?

  /// Whether the process belongs to this loop: then the main actor is its actor.
  @exclusivity(unchecked) var ownsProcess = false
  /// The executor of the loop's actor.
  @exclusivity(unchecked) var serialExecutor: UnownedSerialExecutor?
  /// The loop's own executor: for tasks that are isolated to nothing.
  @exclusivity(unchecked) var taskExecutor: UnownedTaskExecutor?
  /// Where tasks wait.
  let parking: Parking

  /// The face of this loop, which holds it and outlives every run.
  weak var loop: EventLoop?

  static let bellToken = UInt64.max
  static let alarmToken = UInt64.max - 1

  init(inbox: Inbox, clock: TimeSource) throws(Errno) {
    self.inbox = inbox
    self.clock = clock
    spawnedLink = .passUnretained(spawned)
    let executor = ParkingExecutor()
    parking = Parking(executor)
    poller = try Poller()
    alarm = try AlarmDescriptor()
    // Only now: what has failed before is never left.
    number = LoopDirectory.enter(inbox)
    try watchOwn()
    executor.core = .passUnretained(self)
  }

  /// Watches the bell and the alarm.
  func watchOwn() throws(Errno) {
    try poller.add(inbox.bellNumber, for: [.readable, .edgeTriggered], token: LoopCore.bellToken)
    try poller.add(alarm.number, for: [.readable, .edgeTriggered], token: LoopCore.alarmToken)
  }

  deinit {
    LoopDirectory.leave(number)
    inbox.end()
  }

  /// The loop that runs on this thread.
  @inline(__always)
  static var current: LoopCore {
    guard let core = currentIfAny else {
      preconditionFailure("No event loop runs on this thread: call this inside EventLoop.run")
    }
    return core
  }

  /// The loop that runs on this thread; nil where none does.
  @inline(__always)
  static var currentIfAny: LoopCore? {
    guard let address = CurrentLoop.address else { return nil }
    // SAFETY: the run that stored the address holds the loop until it clears it.
    return Unmanaged<LoopCore>.fromOpaque(address).takeUnretainedValue()
  }

  /// Lends the loop that runs on this thread.
  @inline(__always)
  static func withCurrent<Result>(_ body: (LoopCore) -> Result) -> Result {
    guard let address = CurrentLoop.address else {
      preconditionFailure("No event loop runs on this thread: call this inside EventLoop.run")
    }
    // SAFETY: as above.
    return Unmanaged<LoopCore>.fromOpaque(address)._withUnsafeGuaranteedRef(body)
  }

  /// Lends the loop of a number, if it runs on this thread.
  ///
  /// - Returns: Nil if another loop runs here, or none.
  @inline(__always)
  static func withCurrent<Result>(numbered number: UInt64, _ body: (LoopCore) -> Result) -> Result? {
    guard let address = CurrentLoop.address else { return nil }
    // SAFETY: as above.
    return Unmanaged<LoopCore>.fromOpaque(address)._withUnsafeGuaranteedRef {
      $0.number == number ? body($0) : nil
    }
  }

  /// Ends the program: what is called here belongs to a loop, and not to this thread's.
  @inline(never)
  static func refuse(_ what: StaticString) -> Never {
    preconditionFailure("'\(what)' belongs to another event loop's thread: carry the work over with loop.execute")
  }

  /// The loop's public face.
  var face: EventLoop {
    guard let loop else { preconditionFailure("The event loop is gone; only its handles are left") }
    return loop
  }

  /// Traps on another thread than the loop's.
  ///
  /// Waiting (in debug builds), yielding and scheduling call it, so a public function that leaves it out traps too.
  ///
  /// - Parameter verb: What the caller is about to do, for the message.
  @inline(__always)
  func check(_ verb: StaticString) {
    if !isCurrent { LoopCore.refuse(verb) }
  }

  /// Whether this loop runs on this thread.
  @inline(__always)
  var isCurrent: Bool {
    CurrentLoop.address == UnsafeMutableRawPointer(Unmanaged.passUnretained(self).toOpaque())
  }
}

/// What a loop has done, as counts that only grow: for tests, and for an eye on a server.
public struct LoopStatistics: Sendable, Equatable {
  /// How often the loop asked the kernel for events: `epoll_wait(2)` calls.
  public internal(set) var polls = 0
  /// How many jobs and callbacks have run.
  public internal(set) var turns = 0
  /// How many of the turns went on with a task that had waited without being suspended, since nothing else
  /// was ready.
  public internal(set) var waitsInPlace = 0
  /// How many events the kernel has reported.
  public internal(set) var events = 0
  /// How many of them were for descriptors already closed; they reached nobody.
  public internal(set) var staleEvents = 0
  /// How often the alarm was set: `timerfd_settime(2)` calls.
  public internal(set) var alarms = 0
}

extension LoopCore {
  // MARK: schedule

  /// Wakes a waiter with `timedOut` at an instant, never early, unless something else wakes it first.
  func schedule(_ waiter: Waiter, at deadline: Instant) {
    check("schedule")
    guard waiters.waitingSlot(waiter) != nil else { return }
    scheduleNew(waiter, at: deadline)
  }

  /// As ``schedule(_:at:)``, for a waiter that nobody can have woken yet.
  @inline(__always)
  func scheduleNew(_ waiter: Waiter, at deadline: Instant) {
    guard deadline < .distantFuture else { return }
    timers.add(waiter.slot, deadline: deadline.nanoseconds)
  }

  /// The loop's time, read now.
  var now: Instant { clock.now }

  // MARK: wake

  /// Wakes a waiter, unless it has been woken: its task or callback is ready from now on.
  @inline(__always)
  func wake(_ waiter: Waiter, _ wake: Wake) {
    guard waiters.waitingSlot(waiter) != nil else { return }
    self.wake(slot: waiter.slot, wake)
  }

  /// Wakes the waiter of a slot that waits.
  ///
  /// It first leaves every place where it waits: that is the right to wake it.
  @inline(__always)
  func wake(slot index: UInt32, _ wake: Wake) {
    waiters.unlink(index)
    timers.remove(index)
    let slot = waiters.slots + Int(index)
    slot.pointee.wake = wake
    slot.pointee.stage = .woken
    ready.append(UInt(index), .waiter)
  }

  /// Gives a wait queue's sentinel back, on whatever thread the queue's last owner let go of it.
  func release(sentinel: UInt32) {
    if isCurrent { return waiters.giveBack(sentinel) }
    _ = inbox.submit(.release(sentinel: sentinel))
  }

  // MARK: register and deregister

  /// Starts watching a descriptor, once and for both directions.
  func register(_ fd: Int32, for readiness: Readiness = .stream) throws(Errno) -> Registration {
    let registration = registrations.add(fd: fd)
    do {
      try poller.add(fd, for: readiness, token: registration.token)
    } catch {
      registrations.remove(registration)
      throw error
    }
    return registration
  }

  /// Stops watching a descriptor and wakes whoever waits for it with `closed`; before its close.
  func deregister(_ registration: Registration) {
    registrations.remove(registration)
    do {
      try poller.delete(registration.fd)
    } catch {
      // Only possible if the descriptor was closed behind our back: epoll_ctl(2), EBADF, ENOENT.
      preconditionFailure("Descriptor \(registration.fd) was closed while the loop watched it: \(error)")
    }
    registration.close(self)
  }
}
