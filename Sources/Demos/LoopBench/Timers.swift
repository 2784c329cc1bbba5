import CTimerHeap
import EpollLoop

extension Bench {
  /// Timers through the callback face, beside a plain binary heap in C with the same callbacks.
  ///
  /// A timer of the control allocates a context as a closure does, and frees it after the call.
  func measureTimers() async throws {
    try measureCreateAndCancel()
    try measureChurn()
    try await measureShort()
    try await measureLateness()
  }

  /// Timers with random deadlines far ahead; then all are cancelled, in the order of their creation.
  private func measureCreateAndCancel(isolation: isolated (any Actor)? = #isolation) throws {
    let count = effort.size(1_000_000)
    var (creates, cancels) = (Pairs(), Pairs())
    for _ in 0..<effort.rounds {
      let loop = EventLoop.current
      let record = Record(goal: 0)
      let pointer = record.pointer
      var random = Random()
      let base = loop.now.nanoseconds + farAway
      var timers: [Scheduled] = []
      timers.reserveCapacity(count)
      var watch = Stopwatch.cpu()
      for _ in 0..<count {
        let deadline = base + Int64(random.next(below: hour))
        timers.append(loop.schedule(at: Instant(nanoseconds: deadline)) { ctimer_record_fired(pointer, deadline) })
      }
      creates.ours.append(watch.each(of: count))
      try Violation.unless(loop.census.timers >= count, "a timer is missing")
      watch = Stopwatch.cpu()
      for timer in timers { timer.cancel() }
      cancels.ours.append(watch.each(of: count))
      try Violation.unless(loop.census.timers == 0, "a cancelled timer is left")
      measureControl(count, base, &creates, &cancels)
    }
    report("create 1,000,000 timers, each", creates.ours, beside: creates.control, .timesControl(1.2))
    report("cancel 1,000,000 timers, each", cancels.ours, beside: cancels.control, .timesControl(1.2))
  }

  private func measureControl(_ count: Int, _ base: Int64, _ creates: inout Pairs, _ cancels: inout Pairs) {
    let heap = ctimer_heap_create()
    let record = Record(goal: 0)
    var random = Random()
    var timers: [UInt32] = []
    timers.reserveCapacity(count)
    var watch = Stopwatch.cpu()
    for _ in 0..<count {
      timers.append(ctimer_add_noting(heap, base + Int64(random.next(below: hour)), record.pointer))
    }
    creates.control.append(watch.each(of: count))
    watch = Stopwatch.cpu()
    for timer in timers { ctimer_heap_cancel(heap, timer) }
    cancels.control.append(watch.each(of: count))
    ctimer_heap_destroy(heap)
  }

  /// With 10,000 pending, one after the other is cancelled and replaced.
  private func measureChurn(isolation: isolated (any Actor)? = #isolation) throws {
    let (pending, count) = (effort.size(10_000), effort.size(2_000_000))
    var pairs = Pairs()
    for _ in 0..<effort.rounds {
      let loop = EventLoop.current
      let base = loop.now.nanoseconds + farAway
      let record = Record(goal: 0)
      let pointer = record.pointer
      var random = Random()
      func make(isolation: isolated (any Actor)? = #isolation) -> Scheduled {
        let deadline = base + Int64(random.next(below: hour))
        return loop.schedule(at: Instant(nanoseconds: deadline)) { ctimer_record_fired(pointer, deadline) }
      }
      var timers: [Scheduled] = []
      for _ in 0..<pending { timers.append(make()) }
      var watch = Stopwatch.cpu()
      for turn in 0..<count {
        let index = turn % pending
        timers[index].cancel()
        timers[index] = make()
      }
      pairs.ours.append(watch.each(of: count))
      for timer in timers { timer.cancel() }
      try Violation.unless(loop.census.timers == 0, "a cancelled timer is left")

      let heap = ctimer_heap_create()
      random = Random()
      func makeControl() -> UInt32 {
        ctimer_add_noting(heap, base + Int64(random.next(below: hour)), record.pointer)
      }
      var controls = (0..<pending).map { _ in makeControl() }
      watch = Stopwatch.cpu()
      for turn in 0..<count {
        let index = turn % pending
        ctimer_heap_cancel(heap, controls[index])
        controls[index] = makeControl()
      }
      pairs.control.append(watch.each(of: count))
      ctimer_heap_destroy(heap)
    }
    report("cancel and create with 10,000 pending", pairs.ours, beside: pairs.control, .timesControl(1.2))
  }
}

/// What pending timers take, each with a callback that captures nothing: bytes for each.
func pendingTimerMemory(_ count: Int, isolation: isolated (any Actor)? = #isolation) -> Double {
  let loop = EventLoop.current
  var random = Random()
  let before = residentBytes()
  let base = loop.now.nanoseconds + farAway
  for _ in 0..<count {
    loop.schedule(at: Instant(nanoseconds: base + Int64(random.next(below: hour)))) {}
  }
  return Double(residentBytes() - before) / Double(count)
}

/// Figures of both sides, round by round.
struct Pairs {
  var ours: [Double] = []
  var control: [Double] = []
}

/// So far ahead that no timer falls due during a measurement, in nanoseconds.
let farAway: Int64 = 3_600_000_000_000
private let hour: UInt64 = 3_600_000_000_000
