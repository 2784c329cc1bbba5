/// The running tasks of a loop, found by the runtime's address of a task.
struct TaskTable: ~Copyable {
  /// Open addressing with linear probing; a key of 0 is an empty place.
  private var places: UnsafeMutablePointer<(key: UInt, record: UInt)>
  private var mask: Int
  /// How many tasks run.
  private(set) var count = 0

  init() {
    mask = 63
    places = .allocate(capacity: 64)
    places.initialize(repeating: (0, 0), count: 64)
  }

  deinit {
    places.deallocate()
  }

  /// Makes a task that has started findable by its address.
  mutating func add(_ task: UInt, _ record: TaskRecord) {
    if count * 2 > mask { grow() }
    insert(task, UInt(bitPattern: Unmanaged.passUnretained(record).toOpaque()))
    count += 1
  }

  /// The address of a task's record; 0 if it is none of ours.
  @inline(__always)
  func find(_ task: UInt) -> UInt {
    var index = TaskTable.hash(task) & mask
    while places[index].key != 0 {
      if places[index].key == task { return places[index].record }
      index = (index &+ 1) & mask
    }
    return 0
  }

  /// The records of all running tasks, in no order.
  var records: [UInt] {
    (0...mask).compactMap { places[$0].key == 0 ? nil : places[$0].record }
  }

  /// Forgets a task that has ended.
  mutating func remove(_ task: UInt) {
    removeKey(task)
    count -= 1
  }

  @inline(__always)
  private static func hash(_ task: UInt) -> Int {
    Int(truncatingIfNeeded: (task &* 0x9E37_79B9_7F4A_7C15) >> 32)
  }

  private func insert(_ task: UInt, _ record: UInt) {
    var index = TaskTable.hash(task) & mask
    while places[index].key != 0 { index = (index &+ 1) & mask }
    places[index] = (task, record)
  }

  /// Removes a key and moves later ones of its run back, so that no gap hides them.
  private func removeKey(_ task: UInt) {
    var hole = TaskTable.hash(task) & mask
    while places[hole].key != task { hole = (hole &+ 1) & mask }
    var index = (hole &+ 1) & mask
    while places[index].key != 0 {
      let wanted = TaskTable.hash(places[index].key) & mask
      if (index &- wanted) & mask >= (index &- hole) & mask {
        places[hole] = places[index]
        hole = index
      }
      index = (index &+ 1) & mask
    }
    places[hole] = (0, 0)
  }

  private mutating func grow() {
    let old = places
    let oldCount = mask + 1
    mask = oldCount * 2 - 1
    places = .allocate(capacity: oldCount * 2)
    places.initialize(repeating: (0, 0), count: oldCount * 2)
    for index in 0..<oldCount where old[index].key != 0 { insert(old[index].key, old[index].record) }
    old.deallocate()
  }
}
