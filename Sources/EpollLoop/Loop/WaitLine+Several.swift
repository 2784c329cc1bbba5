extension WaitLine {
  /// A seat in one of several lines in which a task waits at once.
  @usableFromInline
  struct Place {
    let line: WaitLine
    @usableFromInline let seat: Int
    let owner: Int

    /// Takes a seat, which ``wait(in:until:for:)`` frees.
    @usableFromInline
    init(in line: WaitLine, owner: Int = 0) {
      self.line = line
      self.owner = owner
      seat = line.takeSeat()
    }
  }

  /// How a wait in several lines has ended.
  @usableFromInline
  enum Ending {
    /// One of the lines has woken the task, and nothing was left at the other seats.
    case woken
    /// What one of the lines stands for was closed.
    case closed
    /// The deadline has come first.
    case timedOut
  }

  /// Waits in several lines at once: the first line that wakes the task takes it out of the others.
  ///
  /// One waiter is in all lines. When this returns or throws, the seats are free, and stay so until the caller next
  /// waits: what was left at one of them is to be fetched at once.
  ///
  /// - Parameters:
  ///   - places: The seats, in lines of this thread's loop.
  ///   - deadline: The instant at which to stop waiting; ``Instant/distantFuture`` is no limit.
  ///   - what: What the task waits for, for a list of tasks.
  /// - Throws: `CancellationError` if the task is cancelled first; then nothing was left at any seat.
  @usableFromInline
  static func wait(
    in places: [Place], until deadline: Instant = .distantFuture, for what: StaticString
  ) async throws -> Ending {
    let core = LoopCore.current
    let wake = await core.park(for: what) { waiter in
      for place in places { place.line.enter(place.seat, waiter, owner: place.owner) }
      core.schedule(waiter, at: deadline)
    }
    for place in places { place.line.leave(place.seat) }
    switch wake {
    case .ready: return .woken
    case .closed: return .closed
    case .timedOut: return .timedOut
    case .cancelled: throw CancellationError()
    }
  }

  /// Waits last in line, where nothing is left for the task, or until a deadline.
  ///
  /// - Throws: `CancellationError` if the task is cancelled first.
  @usableFromInline
  func wait(until deadline: Instant, for what: StaticString) async throws {
    let seat = takeSeat()
    let core = bound.unchecked
    let wake = await core.park(for: what) { waiter in
      enter(seat, waiter)
      core.schedule(waiter, at: deadline)
    }
    leave(seat)
    if wake == .cancelled { throw CancellationError() }
  }
}
