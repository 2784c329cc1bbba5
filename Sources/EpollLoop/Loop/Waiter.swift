/// One suspended task or one callback, as a ticket: whoever holds it may wake it, once.
///
/// A ticket is two numbers and never dangles: the slot's generation moves on when the wait is over,
/// and a ticket of an earlier generation wakes nobody, until the slot has been used 2^32 more times: then
/// the generation has come round.
struct Waiter: Equatable, Sendable {
  let slot: UInt32
  let generation: UInt32

  /// Wakes nobody.
  static let nobody = Waiter(slot: .max, generation: 0)
}

/// Why a waiter was woken.
enum Wake: UInt8, Sendable {
  /// What it waited for has come.
  case ready
  /// Its instant has come first.
  case timedOut
  /// Its task was cancelled first.
  case cancelled
  /// What it waited for was closed.
  case closed
}

/// What a job must run on, the one it was enqueued to or suspended on.
enum Home: UInt8, Sendable {
  /// The executor of the loop's actor.
  case actor
  /// The loop's task executor.
  case loop
  /// None: a job of the runtime's own, which would leave any other at once.
  case none
}

/// All waiters of a loop, in slots that are used again: to wait costs no allocation.
///
/// A slot is linked into at most one ``WaitQueue``, a ring whose sentinel is a slot too, so that a
/// waiter leaves the middle of a queue without knowing the queue.
struct WaiterTable: ~Copyable {
  /// What stands in a slot.
  enum Kind: UInt8 {
    case free
    /// A suspended task: it gives the slot back itself when it goes on.
    case task
    /// A job that the runtime has scheduled for an instant.
    case job
    /// A function to call once: it stands in the slot's first two words.
    case function
    /// A function to call again and again.
    case callback
    /// The head of a ``WaitQueue``.
    case sentinel
  }

  /// How far the wait has come.
  enum Stage: UInt8 {
    /// Placed somewhere, and not woken.
    case waiting
    /// Woken; stands in the ready queue.
    case woken
    /// A callback that is being called.
    case running
    /// A callback that is being called and has been given another instant.
    case rearmed
    /// A callback that was taken back after it was woken: its turn in the ready queue does nothing.
    case withdrawn
  }

  /// One waiter's place in the table.
  struct Slot {
    /// The job's address, or a retained ``Callback``'s. With `record` the place of a function.
    var subject: UInt
    /// The address of the ``TaskRecord`` that waits, 0 if it is none of ours.
    var record: UInt
    var next: UInt32
    var previous: UInt32
    var generation: UInt32
    var kind: Kind
    var stage: Stage
    var wake: Wake
    var home: Home

    /// How many turns of a callback stand in the ready queue that a new instant has made void.
    ///
    /// Only for one that stands in no ring: both its links then name itself, and how far they are apart is
    /// free for this.
    var voidTurns: UInt32 {
      @inline(__always) get { previous &- next }
      @inline(__always) set { previous = next &+ newValue }
    }
  }

  private(set) var slots: UnsafeMutablePointer<Slot>
  private var capacity: UInt32
  private var firstFree: UInt32
  /// How many tasks and callbacks wait, or have been woken and not run.
  var count: Int { used - withdrawn }
  private var used = 0
  /// How many of the slots belong to callbacks that have been withdrawn.
  var withdrawn = 0

  private static let none = UInt32.max

  init(capacity: UInt32 = 64) {
    self.capacity = capacity
    firstFree = WaiterTable.none
    slots = .allocate(capacity: Int(capacity))
    addFree(from: 0)
  }

  deinit {
    // Callbacks that have not been called never will be: let go of them.
    for index in 0..<capacity {
      switch slots[Int(index)].kind {
      case .callback:
        let callback = UnsafeRawPointer(bitPattern: slots[Int(index)].subject)
        callback.map { Unmanaged<Callback>.fromOpaque($0).release() }
      case .function:
        let words = UnsafeMutableRawPointer(slots + Int(index))
        words.bindMemory(to: Function.self, capacity: 1).deinitialize(count: 1)
      case .job:
        // It would wake a `Task.sleep` that was cancelled: one that still sleeps holds the loop. It frees itself.
        // SAFETY: the address came from an UnownedJob, which is one word, and is run once.
        let job = unsafeBitCast(slots[Int(index)].subject, to: UnownedJob.self)
        job.runSynchronously(on: LoopCore.noExecutor)
      case .free, .task, .sentinel: break
      }
    }
    slots.deallocate()
  }

  /// Takes a free slot for a task or a callback.
  @inline(__always)
  mutating func take(_ kind: Kind, subject: UInt, record: UInt) -> Waiter {
    if firstFree == WaiterTable.none { grow() }
    let index = firstFree
    let slot = slots + Int(index)
    firstFree = slot.pointee.next
    slot.pointee.subject = subject
    slot.pointee.record = record
    slot.pointee.next = index
    slot.pointee.previous = index
    slot.pointee.kind = kind
    slot.pointee.stage = .waiting
    slot.pointee.wake = .ready
    if kind != .sentinel { used += 1 }
    return Waiter(slot: index, generation: slot.pointee.generation)
  }

  /// Takes a free slot for a function that is called once: an object for it would be one allocation more.
  @inline(__always)
  mutating func take(function: consuming @escaping () -> Void) -> Waiter {
    let waiter = take(.function, subject: 0, record: 0)
    slots[Int(waiter.slot)].home = .loop
    putIn(function: function, waiter.slot)
    return waiter
  }

  /// Puts a function into its slot.
  @inline(__always)
  func putIn(function: consuming @escaping () -> Void, _ index: UInt32) {
    let words = UnsafeMutableRawPointer(slots + Int(index))
    // SAFETY: the first two words of a slot are what a function takes, and are nothing else meanwhile.
    words.bindMemory(to: Function.self, capacity: 1).initialize(to: Function(call: function))
    words.bindMemory(to: Slot.self, capacity: 1)
  }

  /// Takes a function out of its slot: to give the slot back, or to put it in again.
  @inline(__always)
  func takeOut(function index: UInt32) -> () -> Void {
    let words = UnsafeMutableRawPointer(slots + Int(index))
    // SAFETY: as above; `putIn` put it there, and it leaves once.
    let function = words.bindMemory(to: Function.self, capacity: 1).move()
    words.bindMemory(to: Slot.self, capacity: 1)
    return function.call
  }

  /// A function as it stands in a slot; bare, a generic argument, it would be wrapped in another one.
  struct Function {
    let call: () -> Void
  }

  /// Gives a slot back; its tickets become stale.
  @inline(__always)
  mutating func giveBack(_ index: UInt32) {
    let slot = slots + Int(index)
    precondition(slot.pointee.kind != .free, "A waiter's slot was given back twice")
    unlink(index)
    if slot.pointee.kind != .sentinel { used -= 1 }
    if slot.pointee.stage == .withdrawn { withdrawn -= 1 }
    slot.pointee.kind = .free
    slot.pointee.generation &+= 1
    slot.pointee.next = firstFree
    firstFree = index
  }

  /// The slot of a ticket whose waiter is there and not woken; nil otherwise.
  @inline(__always)
  func waitingSlot(_ waiter: Waiter) -> UnsafeMutablePointer<Slot>? {
    guard let slot = slot(waiter), slot.pointee.stage == .waiting else { return nil }
    return slot
  }

  /// The slot of a ticket that is not stale; nil otherwise.
  @inline(__always)
  func slot(_ waiter: Waiter) -> UnsafeMutablePointer<Slot>? {
    guard waiter.slot < capacity else { return nil }
    let slot = slots + Int(waiter.slot)
    return slot.pointee.generation == waiter.generation && slot.pointee.kind != .free ? slot : nil
  }

  /// How far each wait of our tasks has come, by the address of the task's record.
  var stages: [UInt: Stage] {
    var stages: [UInt: Stage] = [:]
    for slot in UnsafeBufferPointer(start: slots, count: Int(capacity)) where slot.kind == .task && slot.record != 0 {
      stages[slot.record] = slot.stage
    }
    return stages
  }

  /// The tickets of all functions and callbacks, in order of their slots.
  var callbacks: [Waiter] {
    var tickets: [Waiter] = []
    for index in 0..<capacity where slots[Int(index)].kind == .callback || slots[Int(index)].kind == .function {
      tickets.append(Waiter(slot: index, generation: slots[Int(index)].generation))
    }
    return tickets
  }

  /// How many of them will be called, unless they are taken back.
  var pendingCallbackCount: Int { callbacks.count { slots[Int($0.slot)].stage != .withdrawn } }

  /// Puts a waiter last into the ring of a sentinel.
  func link(_ index: UInt32, before sentinel: UInt32) {
    let last = slots[Int(sentinel)].previous
    slots[Int(index)].next = sentinel
    slots[Int(index)].previous = last
    slots[Int(last)].next = index
    slots[Int(sentinel)].previous = index
  }

  /// Takes a waiter out of its ring; nothing happens if it is in none.
  @inline(__always)
  func unlink(_ index: UInt32) {
    let slot = slots + Int(index)
    let next = slot.pointee.next
    guard next != index else { return }
    let previous = slot.pointee.previous
    slots[Int(previous)].next = next
    slots[Int(next)].previous = previous
    slot.pointee.next = index
    slot.pointee.previous = index
  }

  @inline(never)
  private mutating func grow() {
    precondition(capacity < 1 << 30, "A loop holds at most 2^30 waiters")
    let larger = UnsafeMutablePointer<Slot>.allocate(capacity: Int(capacity) * 2)
    larger.moveInitialize(from: slots, count: Int(capacity))
    slots.deallocate()
    slots = larger
    let first = capacity
    capacity *= 2
    addFree(from: first)
  }

  /// Makes the slots from `first` on free, the lowest to be taken first.
  private mutating func addFree(from first: UInt32) {
    for index in stride(from: capacity - 1, through: first, by: -1) {
      (slots + Int(index)).initialize(
        to: Slot(
          subject: 0, record: 0, next: firstFree, previous: index, generation: 1, kind: .free,
          stage: .waiting, wake: .ready, home: .loop))
      firstFree = index
      if index == 0 { break }
    }
  }
}
