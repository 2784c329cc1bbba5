/// A descriptor that the loop watches, and who waits for it.
///
/// It is registered once, edge-triggered, for both directions: waiting costs no system call. The
/// descriptor is not owned; ``LoopCore/deregister(_:)`` comes before its close.
final class Registration {
  /// A direction of a descriptor.
  enum Direction {
    case reading, writing
  }

  /// What is known of one direction.
  enum Latch {
    /// Nothing is there, and nobody waits.
    case idle
    /// There may be something: the next attempt needs no event first.
    case ready
    /// This one waits. A stale ticket is nobody: a cancelled waiter need not come by.
    case awaited(Waiter)
    /// The registration has ended.
    case closed
  }

  let fd: Int32
  /// (generation, slot): what the kernel reports with an event.
  let token: UInt64
  @exclusivity(unchecked) var reading = Latch.idle
  @exclusivity(unchecked) var writing = Latch.ready
  /// Whether a read that fills less than its buffer has emptied the socket, epoll(7), Q9.
  ///
  /// Not once the end of the stream, an error or urgent data has been reported: what stands behind
  /// the bytes brings no further edge.
  @exclusivity(unchecked) private(set) var trustsShortReads = true

  init(fd: Int32, token: UInt64) {
    self.fd = fd
    self.token = token
  }

  /// Takes in what the kernel reports, waking whom it concerns.
  @inline(__always)
  func report(_ readiness: Readiness, _ core: LoopCore) {
    if !readiness.isDisjoint(with: [.readEnded, .hungUp, .failed, .urgent]) { trustsShortReads = false }
    if !readiness.isDisjoint(with: [.readable, .readEnded, .hungUp, .failed, .urgent]) {
      Registration.signal(&reading, core)
    }
    if !readiness.isDisjoint(with: [.writable, .hungUp, .failed]) { Registration.signal(&writing, core) }
  }

  /// Ends both directions, waking whoever waits.
  func close(_ core: LoopCore) {
    let waiting = [reading, writing]
    reading = .closed
    writing = .closed
    for case .awaited(let waiter) in waiting { core.wake(waiter, .closed) }
  }

  @inline(__always)
  private static func signal(_ latch: inout Latch, _ core: LoopCore) {
    switch latch {
    case .idle, .ready:
      latch = .ready
    case .awaited(let waiter):
      latch = .ready
      core.wake(waiter, .ready)
    case .closed:
      break
    }
  }
}

/// The registrations of a loop, found by the token that an event carries.
///
/// A token is a slot and a generation, and the generation moves on when the slot is given back: an
/// event for a descriptor that has been closed, even one whose number is in use again, finds nobody.
struct RegistrationTable: ~Copyable {
  private struct Slot {
    var generation: UInt32
    var nextFree: Int32
    /// Retained as long as it stands here.
    var registration: Unmanaged<Registration>?
  }

  private var slots: UnsafeMutablePointer<Slot>
  private var capacity = 0
  private var firstFree: Int32 = -1
  /// How many descriptors are watched.
  private(set) var count = 0

  /// The generation of a slot that is new; another one than 1 is for tests.
  private let firstGeneration: UInt32

  init(firstGeneration: UInt32 = 1) {
    self.firstGeneration = firstGeneration
    slots = .allocate(capacity: 0)
  }

  deinit {
    for index in 0..<capacity { slots[index].registration?.release() }
    slots.deallocate()
  }

  /// Makes a registration with a token of its own.
  mutating func add(fd: Int32) -> Registration {
    if firstFree < 0 { grow() }
    let index = Int(firstFree)
    firstFree = slots[index].nextFree
    let token = UInt64(slots[index].generation) << 32 | UInt64(index)
    let registration = Registration(fd: fd, token: token)
    slots[index].registration = .passRetained(registration)
    count += 1
    return registration
  }

  /// Gives a registration's slot back; its token finds nobody from now on.
  mutating func remove(_ registration: Registration) {
    let index = Int(UInt32(truncatingIfNeeded: registration.token))
    precondition(
      find(registration.token)?.takeUnretainedValue() === registration, "A descriptor was deregistered twice")
    slots[index].registration?.release()
    slots[index].registration = nil
    slots[index].generation &+= 1
    count -= 1
    // A slot whose generation is about to come round is retired: no token is ever used twice.
    guard slots[index].generation < .max else { return }
    slots[index].nextFree = firstFree
    firstFree = Int32(index)
  }

  /// The registration of a token; nil if it has ended.
  @inline(__always)
  func find(_ token: UInt64) -> Unmanaged<Registration>? {
    let index = Int(UInt32(truncatingIfNeeded: token))
    guard index < capacity, slots[index].generation == UInt32(truncatingIfNeeded: token >> 32) else {
      return nil
    }
    return slots[index].registration
  }

  /// Whether some registration satisfies a condition.
  func contains(where isWanted: (Registration) -> Bool) -> Bool {
    (0..<capacity).contains { index in
      slots[index].registration.map { $0._withUnsafeGuaranteedRef(isWanted) } ?? false
    }
  }

  private mutating func grow() {
    let larger = max(64, capacity * 2)
    let moved = UnsafeMutablePointer<Slot>.allocate(capacity: larger)
    moved.moveInitialize(from: slots, count: capacity)
    slots.deallocate()
    slots = moved
    for index in (capacity..<larger).reversed() {
      (slots + index).initialize(to: Slot(generation: firstGeneration, nextFree: firstFree, registration: nil))
      firstFree = Int32(index)
    }
    capacity = larger
  }
}
