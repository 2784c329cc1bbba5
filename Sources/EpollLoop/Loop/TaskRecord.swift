/// What the loop knows of a task that was started on it: enough to cancel it and to list it.
///
/// The record and not the runtime carries a cancellation to a wait: adding and removing a handler of
/// the runtime around each wait takes a lock and a record of its own each time, and looking here takes neither.
@usableFromInline
class TaskRecord {
  /// The loop that it runs on.
  final let loop: LoopLink
  /// What it is called, for people.
  final let name: String?
  /// The runtime's address of the task; 0 before it has started.
  @exclusivity(unchecked) final private(set) var task: UInt = 0
  /// The ticket of its last wait; stale unless it waits now.
  @exclusivity(unchecked) final var waiter = Waiter.nobody
  /// What its last wait was for: a `StaticString`'s bytes, which end in zero and never go away.
  @exclusivity(unchecked) final private(set) var waitsFor: UnsafePointer<UInt8>?
  /// When that wait began, to within a tick, in nanoseconds of ``LoopCore/lookTime``.
  @exclusivity(unchecked) final private(set) var waitsSince: Int64 = 0
  /// Which task of its loop it is, counted from 1, anew after 2^32.
  final let number: UInt32
  /// The number of the task that started it; 0 if it was none of ours.
  final let parent: UInt32
  /// Where in the source it was started; a file as `waitsFor`, nil if it is not known.
  @exclusivity(unchecked) final var file: UnsafePointer<UInt8>?
  @exclusivity(unchecked) final var line: UInt32 = 0
  final private(set) var isCancelled = false

  /// Who waits for its end; nil when that list has forgotten it.
  @exclusivity(unchecked) final fileprivate var list: Unmanaged<TaskList>?
  // The neighbours in that list, which holds them.
  @exclusivity(unchecked) final fileprivate var previous: Unmanaged<TaskRecord>?
  @exclusivity(unchecked) final fileprivate var next: Unmanaged<TaskRecord>?

  /// Both are only lent: a reference would be counted.
  init(on loop: LoopLink, in list: Unmanaged<TaskList>, name: String?) {
    self.loop = loop
    (number, parent) = loop.withCore {
      $0.lastTaskNumber &+= 1
      return ($0.lastTaskNumber, $0.runningTaskNumber)
    }
    self.list = list
    self.name = name
    list._withUnsafeGuaranteedRef { $0.append(self) }
  }

  /// Says what the task is about to wait for, and that it is now.
  @inline(__always)
  final func waits(for what: StaticString, now: Int64) {
    waitsFor = what.utf8Start
    waitsSince = now
  }

  /// Lends the record at an address.
  @inline(__always)
  static func at<Result>(_ address: UInt, _ body: (TaskRecord) -> Result) -> Result {
    // SAFETY: its list retains each record for as long as its address can be found.
    unsafeBitCast(address, to: Unmanaged<TaskRecord>.self)._withUnsafeGuaranteedRef(body)
  }

  /// Cancels the task: its present wait, or its next one, ends with `cancelled`.
  ///
  /// The waiter leaves its place now and its task runs later: nothing is resumed on this stack.
  final func cancel() {
    guard !isCancelled else { return }
    isCancelled = true
    if task != 0 { RunningTask.cancel(task) }
    loop.withCore { $0.wake(waiter, .cancelled) }
  }

  /// Says which of the runtime's tasks this is, for as long as it runs.
  final func attach(to task: UInt) {
    self.task = task
    loop.withCore { $0.tasks.add(task, self) }
  }

  /// Called by the task when it starts to run.
  final func begin() {
    checkThread()
    attach(to: RunningTask.address)
    if isCancelled { RunningTask.cancel(task) }
    loop.withCore { $0.currentRecord = UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()) }
  }

  /// Hands the error that the task's body has thrown to its list.
  final func reportFailure(_ error: any Error) {
    list?._withUnsafeGuaranteedRef { $0.childFailed(error) }
  }

  /// Called by the task as the last thing it does.
  final func end() {
    checkThread()
    loop.withCore {
      if $0.slowTurns != nil { $0.slowTurns?.note($0.currentRecord) }
      $0.currentRecord = 0
      $0.tasks.remove(task)
    }
    task = 0
    if let list {
      list._withUnsafeGuaranteedRef { $0.remove(self) }
    } else {
      // Its list has forgotten it, and the run that it was in is over: a later run has ended it.
      Unmanaged.passUnretained(self).release()
    }
  }

  /// As ``LoopCore/checkThread()``, where the loop may be gone.
  @inline(__always)
  private func checkThread() {
    precondition(loop.isCurrent, LoopCore.strayed)
  }
}

/// Tasks that somebody waits for together, in order of their creation.
///
/// It retains them until they end: the task itself and the loop's tables know a record by its address alone.
/// One task at a time may wait for the list to shrink.
@usableFromInline
class TaskList {
  @exclusivity(unchecked) private final var first: Unmanaged<TaskRecord>?
  @exclusivity(unchecked) private final var last: Unmanaged<TaskRecord>?
  /// How many have been created and not ended.
  @exclusivity(unchecked) @usableFromInline final private(set) var count = 0
  /// Who waits for the count to fall to `target`.
  @exclusivity(unchecked) private final var joiner = Waiter.nobody
  @exclusivity(unchecked) private final var target = 0
  /// Whether those yet to come are cancelled too.
  @exclusivity(unchecked) final private(set) var isClosed = false
  /// Called when the last one has ended.
  final var onEmpty: (() -> Void)?

  init() {}

  deinit { abandon() }

  /// Called with the error of one of the tasks that has been thrown by its body, before that task leaves the list.
  func childFailed(_ error: any Error) {}

  /// Forgets all: the run is over before they have ended.
  ///
  /// Their records stay, as what the tasks hold does: a later run of the loop may go on with them.
  final func abandon() {
    var rest = first
    (first, last) = (nil, nil)
    (count, target, joiner, isClosed, onEmpty) = (0, 0, .nobody, false, nil)
    while let record = rest?.takeUnretainedValue() {
      rest = record.next
      record.list = nil
    }
  }

  /// Cancels all, the oldest first.
  final func cancelAll() {
    var rest = first
    while let record = rest?.takeUnretainedValue() {
      // A record's end does not happen on this stack: its neighbour stays.
      rest = record.next
      record.cancel()
    }
  }

  /// Cancels all, also those yet to come, and calls `body` when none is left.
  final func close(_ body: @escaping () -> Void) {
    isClosed = true
    onEmpty = body
    cancelAll()
    if count == 0 { body() }
  }

  /// Waits until at most `count` are left.
  ///
  /// - Returns: False if the waiting task was cancelled first.
  final nonisolated(nonsending) func shrink(to count: Int) async -> Bool {
    while self.count > count {
      let wake = await LoopCore.current.park(for: "tasks to end") { expect(count, $0) }
      if wake == .cancelled { return false }
    }
    return true
  }

  /// Waits until all have ended, whatever happens to the waiting task.
  @usableFromInline
  final nonisolated(nonsending) func drain() async {
    while count > 0 {
      _ = await LoopCore.current.parkThroughCancellation(for: "tasks to end") { expect(0, $0) }
    }
  }

  private final func expect(_ count: Int, _ waiter: Waiter) {
    target = count
    joiner = waiter
  }

  /// The addresses of all, the oldest first.
  final var records: [UInt] {
    var addresses: [UInt] = []
    var rest = first
    while let link = rest {
      addresses.append(UInt(bitPattern: link.toOpaque()))
      rest = link.takeUnretainedValue().next
    }
    return addresses
  }

  @inline(__always)
  fileprivate final func append(_ record: TaskRecord) {
    let link = Unmanaged.passRetained(record)
    record.previous = last
    if let last { last._withUnsafeGuaranteedRef { $0.next = link } } else { first = link }
    last = link
    count += 1
    if isClosed { record.cancel() }
  }

  /// Takes a task off the list: it has ended, or will never start.
  final func remove(_ record: TaskRecord) {
    let (previous, next) = (record.previous, record.next)
    if let previous { previous._withUnsafeGuaranteedRef { $0.next = next } } else { first = next }
    if let next { next._withUnsafeGuaranteedRef { $0.previous = previous } } else { last = previous }
    record.previous = nil
    record.next = nil
    count -= 1
    if count <= target { record.loop.withCore { $0.wake(joiner, .ready) } }
    Unmanaged.passUnretained(record).release()
    if count == 0 { onEmpty?() }
  }
}
