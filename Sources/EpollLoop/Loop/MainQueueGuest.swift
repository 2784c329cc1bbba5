import Synchronization

/// Who runs the process's loop.
enum Attendance: UInt8, AtomicRepresentable {
  /// A thread does, or will, and blocks in it.
  case attended
  /// None does yet, or any more; the next job has the main queue run it.
  case unattended
  /// The main queue is about to run it, or runs it now.
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
    let queue: Int32?
    do throws(Errno) {
      queue = try MainQueue.descriptor()
    } catch {
      throw IOError(.run, error, "Dispatch's main queue")
    }
    guard let queue else { return }
    mainQueue = try DescriptorWatch(
      queue, self, endsWithRun: false,
      onReadable: { [unowned self] in
        MainQueue.takeEvent(of: queue)
        drainMainQueue()
      })
  }

  /// Runs what is in the main queue, in the place of this callback's turn: blocks, and jobs of the main actor that were
  /// enqueued before the process had a loop. The runtime runs each of these on the present main executor.
  func drainMainQueue() {
    currentHome = .actor
    currentRecord = 0
    budget = LoopCore.operationsPerTurn
    MainQueue.drain()
  }

  /// Called with each job that arrives while no thread runs the loop; on any thread.
  @inline(never)
  func jobArrivedUnattended(_ job: UInt) {
    if isCurrent {
      // Before an async main first suspends, the last job that arrives is its own, or comes from it.
      let running = RunningTask.address
      mainTask = running == 0 ? job : running
      // An async main will run the loop.
      if running != 0 { return }
    }
    summon()
  }

  /// Has the main queue turn the loop soon, unless it will, or a thread runs the loop.
  private func summon() {
    let (isMine, _) = attendance.compareExchange(
      expected: .unattended, desired: .summoned, ordering: .acquiringAndReleasing)
    guard isMine else { return }
    if !MainQueue.call({ _ in RuntimeTakeover.loop.bound.unchecked.turnAsGuest() }) {
      attendance.store(.unattended, ordering: .releasing)
    }
  }

  /// Runs what is ready, without blocking; in the main queue, on whatever thread that runs.
  private func turnAsGuest() {
    guard attendance.load(ordering: .acquiring) != .attended else { return }
    if longestPoll != 0 {
      longestPoll = 0
      _ = MainQueue.watch(poller.number) { _ in RuntimeTakeover.loop.bound.unchecked.turnAsGuest() }
    }
    attendance.store(.summoned, ordering: .releasing)
    CurrentLoop.set(Unmanaged.passUnretained(self).toOpaque())
    isStopping = false
    var rounds = LoopCore.roundsOfGuest
    repeat {
      tick()
      rounds -= 1
    } while hasWork && rounds > 0
    // Other work of the queue is not on the loop: it may be on another thread.
    CurrentLoop.set(nil)
    attendance.store(.unattended, ordering: .releasing)
    if hasWork { summon() }
  }

  /// The number of ticks after which other work of the main queue has its turn.
  private static let roundsOfGuest = 64

  private var hasWork: Bool { ready.count > 0 || !batch.isEmpty }
}
