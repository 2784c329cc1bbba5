import Synchronization

/// Who runs the process's loop.
enum Attendance: UInt8, AtomicRepresentable {
  /// A thread does, or will, and blocks in it.
  case attended
  /// The main queue does, as its guest.
  case guest
  /// None does yet; the main thread may run main's first part.
  case unattended
  /// As before, and the main queue is going to run it, unless an async main is first.
  case summoned
}

// A process's loop and Dispatch's main queue: whichever of them has the main thread runs the other.
//
// `EventLoop.run` and an async main have the thread; the loop watches the queue's descriptor and runs the queue's work in
// the main actor. A synchronous main that ends in `dispatchMain()` or `RunLoop.main.run()`, and XCTest, never run the
// loop. There it is a guest of the queue: its first turn is an item of the queue, and from then on the queue watches
// the loop's epoll instance and turns the loop, without blocking, whenever that has events.
extension LoopCore {
  /// Starts serving Dispatch's main queue, as the process's loop; once.
  ///
  /// - Throws: ``IOError`` if the kernel has no descriptor for it.
  func serveMainQueue() throws {
    guard mainQueue == nil else { return }
    guard let queue = try LoopCore.mainQueueDescriptor() else { return }
    mainQueue = try DescriptorWatch(
      queue, self, endsWithRun: false,
      onReadable: { [unowned self] in
        MainQueue.takeEvent(of: queue)
        drainMainQueue()
      })
  }

  private static func mainQueueDescriptor() throws -> Int32? {
    do throws(Errno) {
      return try MainQueue.descriptor()
    } catch {
      throw IOError(.run, error, "Dispatch's main queue")
    }
  }

  /// Runs what is in the main queue, in the place of this callback's turn: blocks, and jobs of the main actor that were
  /// enqueued before the process had a loop. The runtime runs each of these on the present main executor.
  func drainMainQueue() {
    currentHome = .actor
    currentRecord = 0
    budget = LoopCore.operationsPerTurn
    MainQueue.drain()
  }

  /// Whether the loop has not been turned yet: then each kind of work that the main thread makes says so.
  @inline(__always)
  var awaitsFirstTurn: Bool { attendance.load(ordering: .relaxed).rawValue >= Attendance.unattended.rawValue }

  /// Leaves the loop to whichever comes first: an async main that runs it, or Dispatch's main queue.
  func becomeUnattended() {
    attendance.store(.unattended, ordering: .releasing)
    inbox.wakeByMainQueue()
  }

  /// Says that the calling thread runs the loop from now on.
  func becomeAttended() {
    attendance.store(.attended, ordering: .releasing)
    inbox.wakeByBell()
  }

  /// Called on the main thread with work that comes before the loop's first turn: has the main queue turn the loop.
  ///
  /// - Parameter job: The work, if it is a job of the runtime.
  @inline(never)
  func cameEarly(_ job: UInt = 0) {
    // Before an async main first suspends, the last job that arrives is its own, or comes from it.
    let running = RunningTask.address
    if running != 0 || job != 0 { mainTask = running != 0 ? running : job }
    guard attendance.load(ordering: .relaxed) == .unattended else { return }
    do {
      // Without one, Dispatch would end the program with a crash report.
      _ = try LoopCore.mainQueueDescriptor()
    } catch {
      Process.exit(saying: "\(error)")
    }
    if MainQueue.call(LoopCore.turnInMainQueue) { attendance.store(.summoned, ordering: .releasing) }
  }

  /// A turn of the process's loop, for Dispatch's main queue to call.
  static let turnInMainQueue: @convention(c) (UnsafeMutableRawPointer?) -> Void = { _ in
    RuntimeTakeover.loop.bound.unchecked.turnAsGuest()
  }

  /// Runs what is ready, without blocking; in the main queue, on whatever thread that runs.
  private func turnAsGuest() {
    switch attendance.load(ordering: .acquiring) {
    case .attended: return
    case .guest: break
    case .unattended, .summoned:
      attendance.store(.guest, ordering: .releasing)
      longestPoll = 0
      _ = MainQueue.watch(poller.number, LoopCore.turnInMainQueue)
    }
    CurrentLoop.set(Unmanaged.passUnretained(self).toOpaque())
    isStopping = false
    var rounds = LoopCore.roundsOfGuest
    repeat {
      tick()
      rounds -= 1
    } while mayHaveWork && rounds > 0
    // Other work of the queue is not on the loop: it may be on another thread.
    CurrentLoop.set(nil)
    if mayHaveWork { _ = MainQueue.call(LoopCore.turnInMainQueue) }
  }

  /// The number of ticks after which other work of the main queue has its turn.
  private static let roundsOfGuest = 64

  /// Whether the loop must be turned again before it may wait for an event, the alarm, or an item that wakes it.
  ///
  /// Only a tick that finds the inbox empty has the next item wake the loop, and sets the alarm.
  private var mayHaveWork: Bool { ready.count > 0 || !batch.isEmpty || !inbox.isAsleep }
}
