/// Deadlines in exact order, (deadline, creation): a 4-ary heap that knows where each timer stands.
///
/// Adding and removing is O(log n) and in practice a few moves; nothing of a removed timer stays.
/// A timer is the number of a waiter's slot. 24 bytes a timer, 4 more for its position.
struct TimerQueue: ~Copyable {
  private struct Entry {
    var deadline: Int64
    var sequence: UInt64
    var slot: UInt32

    @inline(__always)
    func precedes(_ other: Entry) -> Bool {
      deadline < other.deadline || (deadline == other.deadline && sequence < other.sequence)
    }
  }

  private var heap: UnsafeMutablePointer<Entry>
  private var capacity: Int
  /// Where a slot's timer stands in the heap, -1 for nowhere.
  private var positions: UnsafeMutablePointer<Int32>
  private var positionCapacity: Int
  private var nextSequence: UInt64 = 0
  /// How many timers are pending.
  private(set) var count = 0

  private static let arity = 4

  init() {
    capacity = 64
    positionCapacity = 64
    heap = .allocate(capacity: capacity)
    positions = .allocate(capacity: positionCapacity)
    positions.initialize(repeating: -1, count: positionCapacity)
  }

  deinit {
    heap.deallocate()
    positions.deallocate()
  }

  /// The earliest deadline in nanoseconds; `Int64.max` if there is none.
  @inline(__always)
  var earliest: Int64 { count > 0 ? heap[0].deadline : .max }

  /// Adds a timer for a slot that has none.
  mutating func add(_ slot: UInt32, deadline: Int64) {
    if Int(slot) >= positionCapacity { growPositions(toHold: Int(slot)) }
    precondition(positions[Int(slot)] < 0, "A waiter has one timer at the most")
    if count == capacity { growHeap() }
    let entry = Entry(deadline: deadline, sequence: nextSequence, slot: slot)
    nextSequence += 1
    count += 1
    siftUp(entry, from: count - 1)
  }

  /// Removes a slot's timer, if it has one.
  @inline(__always)
  mutating func remove(_ slot: UInt32) {
    guard Int(slot) < positionCapacity, positions[Int(slot)] >= 0 else { return }
    removeEntry(at: Int(positions[Int(slot)]))
  }

  /// Takes the first timer that is due at `now`; nil if none is.
  @inline(__always)
  mutating func removeFirst(dueAt now: Int64) -> UInt32? {
    guard count > 0, heap[0].deadline <= now else { return nil }
    let slot = heap[0].slot
    removeEntry(at: 0)
    return slot
  }

  private mutating func removeEntry(at index: Int) {
    positions[Int(heap[index].slot)] = -1
    count -= 1
    guard index != count else { return }
    let last = heap[count]
    if index > 0, last.precedes(heap[(index - 1) / TimerQueue.arity]) {
      siftUp(last, from: index)
    } else {
      siftDown(last, from: index)
    }
  }

  @inline(__always)
  private func place(_ entry: Entry, at index: Int) {
    heap[index] = entry
    positions[Int(entry.slot)] = Int32(truncatingIfNeeded: index)
  }

  private func siftUp(_ entry: Entry, from start: Int) {
    var index = start
    while index > 0 {
      let parent = (index &- 1) / TimerQueue.arity
      guard entry.precedes(heap[parent]) else { break }
      place(heap[parent], at: index)
      index = parent
    }
    place(entry, at: index)
  }

  private func siftDown(_ entry: Entry, from start: Int) {
    var index = start
    while true {
      let first = index &* TimerQueue.arity &+ 1
      guard first < count else { break }
      var best = first
      let end = min(first &+ TimerQueue.arity, count)
      var child = first &+ 1
      while child < end {
        if heap[child].precedes(heap[best]) { best = child }
        child &+= 1
      }
      guard heap[best].precedes(entry) else { break }
      place(heap[best], at: index)
      index = best
    }
    place(entry, at: index)
  }

  private mutating func growHeap() {
    let larger = UnsafeMutablePointer<Entry>.allocate(capacity: capacity * 2)
    larger.moveInitialize(from: heap, count: count)
    heap.deallocate()
    heap = larger
    capacity *= 2
  }

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
