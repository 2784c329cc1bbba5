/// Deadlines in exact order, (deadline, creation): a 4-ary heap that knows where each timer stands.
///
/// Adding and removing is O(log n) and in practice a few moves; nothing of a removed timer stays.
/// A timer is the number of a waiter's slot. 16 bytes a timer, 4 more for its position.
struct TimerQueue: ~Copyable {
  /// Four of these, the children of one, fill a cache line.
  private struct Entry {
    let deadline: Int64
    /// Counts creations in its upper half, anew when it runs out, see ``renumber()``; the slot is its lower half.
    let order: UInt64

    @inline(__always)
    init(deadline: Int64, sequence: UInt32, slot: UInt32) {
      self.deadline = deadline
      order = UInt64(sequence) << 32 | UInt64(slot)
    }

    @inline(__always)
    var slot: UInt32 { UInt32(truncatingIfNeeded: order) }

    /// One number, since two comparisons would be a branch, and of random deadlines one that is predicted badly.
    @inline(__always)
    // The initializers that convert are generic: in a debug build they took 40 % of the time of a task that sleeps.
    private var key: Int128 { Int128(_low: order, _high: deadline) }

    @inline(__always)
    func precedes(_ other: Entry) -> Bool { key < other.key }
  }

  private var heap: UnsafeMutablePointer<Entry>
  private var capacity: Int
  /// Where a slot's timer stands in the heap, -1 for nowhere.
  private var positions: UnsafeMutablePointer<Int32>
  private var positionCapacity: Int
  private var nextSequence: UInt32
  /// How many timers are pending.
  private(set) var count = 0

  private static let arity = 4

  /// - Parameter firstSequence: Where the count of creations starts, for tests of its end.
  init(firstSequence: UInt32 = 0) {
    capacity = 64
    positionCapacity = 64
    nextSequence = firstSequence
    heap = TimerQueue.allocate(capacity)
    positions = .allocate(capacity: positionCapacity)
    positions.initialize(repeating: -1, count: positionCapacity)
  }

  deinit {
    TimerQueue.deallocate(heap)
    positions.deallocate()
  }

  /// The earliest deadline in nanoseconds; `Int64.max` if there is none.
  @inline(__always)
  var earliest: Int64 { count > 0 ? heap[0].deadline : .max }

  /// The slot of the earliest timer; nil if there is none.
  @inline(__always)
  var first: UInt32? { count > 0 ? heap[0].slot : nil }

  /// Adds a timer for a slot that has none.
  @inline(__always)
  mutating func add(_ slot: UInt32, deadline: Int64) {
    if Int(slot) >= positionCapacity { growPositions(toHold: Int(slot)) }
    precondition(positions[Int(slot)] < 0, "A waiter has one timer at the most")
    if count == capacity { growHeap() }
    if nextSequence == .max { renumber() }
    let entry = Entry(deadline: deadline, sequence: nextSequence, slot: slot)
    nextSequence &+= 1
    count &+= 1
    siftUp(entry, from: count &- 1)
  }

  /// Removes a slot's timer, if it has one.
  @inline(__always)
  mutating func remove(_ slot: UInt32) {
    guard Int(slot) < positionCapacity, positions[Int(slot)] >= 0 else { return }
    removeEntry(of: slot, at: Int(positions[Int(slot)]))
  }

  /// Takes the first timer that is due at `now`; nil if none is.
  @inline(__always)
  mutating func removeFirst(dueAt now: Int64) -> UInt32? {
    guard count > 0, heap[0].deadline <= now else { return nil }
    let slot = heap[0].slot
    removeEntry(of: slot, at: 0)
    return slot
  }

  @inline(__always)
  private mutating func removeEntry(of slot: UInt32, at index: Int) {
    positions[Int(slot)] = -1
    count &-= 1
    guard index != count else { return }
    let last = heap[count]
    if index > 0, last.precedes(heap[(index &- 1) / TimerQueue.arity]) {
      siftUp(last, from: index)
    } else {
      siftDown(last, from: index)
    }
  }

  @inline(__always)
  private func siftUp(_ entry: Entry, from start: Int) {
    // In locals: the compiler would load the fields again after each store.
    let (heap, positions) = (heap, positions)
    var index = start
    while index > 0 {
      let parent = (index &- 1) / TimerQueue.arity
      let above = heap[parent]
      guard entry.precedes(above) else { break }
      heap[index] = above
      positions[Int(above.slot)] = Int32(truncatingIfNeeded: index)
      index = parent
    }
    heap[index] = entry
    positions[Int(entry.slot)] = Int32(truncatingIfNeeded: index)
  }

  private func siftDown(_ entry: Entry, from start: Int) {
    let (heap, positions, count) = (heap, positions, count)
    var index = start
    while true {
      let first = index &* TimerQueue.arity &+ 1
      guard first < count else { break }
      TimerQueue.prefetch(from: heap + (first &* TimerQueue.arity &+ 1))
      let best = TimerQueue.earliest(in: heap, from: first, to: min(first &+ TimerQueue.arity, count))
      let below = heap[best]
      guard below.precedes(entry) else { break }
      heap[index] = below
      positions[Int(below.slot)] = Int32(truncatingIfNeeded: index)
      index = best
    }
    heap[index] = entry
    positions[Int(entry.slot)] = Int32(truncatingIfNeeded: index)
  }

  /// Has the processor fetch the children of four siblings, four cache lines, while it compares these.
  @inline(__always)
  private static func prefetch(from first: UnsafeMutablePointer<Entry>) {
    let line = UInt(bitPattern: first)
    Prefetch.line(at: line)
    Prefetch.line(at: line &+ 64)
    Prefetch.line(at: line &+ 128)
    Prefetch.line(at: line &+ 192)
  }

  /// Which of up to four children comes first.
  @inline(__always)
  private static func earliest(in heap: UnsafeMutablePointer<Entry>, from first: Int, to end: Int) -> Int {
    guard end &- first == arity else {
      var best = first
      var child = first &+ 1
      while child < end {
        if heap[child].precedes(heap[best]) { best = child }
        child &+= 1
      }
      return best
    }
    // The winners of two pairs: the comparisons of the pairs do not wait for each other.
    let left = first &+ (heap[first &+ 1].precedes(heap[first]) ? 1 : 0)
    let right = first &+ (heap[first &+ 3].precedes(heap[first &+ 2]) ? 3 : 2)
    return heap[right].precedes(heap[left]) ? right : left
  }

  /// Counts the creations anew, from the pending ones on: once in four thousand million timers.
  @inline(never)
  private mutating func renumber() {
    // In order is a heap, too.
    var entries = UnsafeMutableBufferPointer(start: heap, count: count)
    entries.sort { $0.precedes($1) }
    for index in 0..<count {
      let (deadline, slot) = (heap[index].deadline, heap[index].slot)
      heap[index] = Entry(deadline: deadline, sequence: UInt32(truncatingIfNeeded: index), slot: slot)
      positions[Int(slot)] = Int32(truncatingIfNeeded: index)
    }
    nextSequence = UInt32(truncatingIfNeeded: count)
  }

  /// Three entries before the first child of the root, so that siblings share one cache line.
  private static let leading = (arity - 1) * MemoryLayout<Entry>.stride

  private static func allocate(_ capacity: Int) -> UnsafeMutablePointer<Entry> {
    let line = arity * MemoryLayout<Entry>.stride
    let bytes = leading + capacity * MemoryLayout<Entry>.stride
    return (UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: line) + leading)
      .bindMemory(to: Entry.self, capacity: capacity)
  }

  private static func deallocate(_ heap: UnsafeMutablePointer<Entry>) {
    (UnsafeMutableRawPointer(heap) - leading).deallocate()
  }

  @inline(never)
  private mutating func growHeap() {
    let larger = TimerQueue.allocate(capacity * 2)
    larger.moveInitialize(from: heap, count: count)
    TimerQueue.deallocate(heap)
    heap = larger
    capacity *= 2
  }

  @inline(never)
  private mutating func growPositions(toHold slot: Int) {
    let wanted = max(positionCapacity * 2, slot + 1)
    let larger = UnsafeMutablePointer<Int32>.allocate(capacity: wanted)
    larger.moveInitialize(from: positions, count: positionCapacity)
    (larger + positionCapacity).initialize(repeating: -1, count: wanted - positionCapacity)
    positions.deallocate()
    positions = larger
    positionCapacity = wanted
  }
}
