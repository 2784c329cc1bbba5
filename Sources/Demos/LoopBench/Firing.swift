import CTimerHeap
import EpollLoop
import Glibc

/// What timers write down when they fire, each with the same C function, whoever called it.
final class Record {
  let pointer: UnsafeMutablePointer<ctimer_record>
  private let lateness: UnsafeMutablePointer<Int64>?

  init(goal: Int, keepsLateness: Bool = false) {
    lateness = keepsLateness ? .allocate(capacity: goal) : nil
    pointer = .allocate(capacity: 1)
    pointer.initialize(
      to: ctimer_record(
        last_deadline: .min, fired: 0, out_of_order: 0, early: 0, goal: goal, done: false, lateness: lateness))
  }

  deinit {
    pointer.deallocate()
    lateness?.deallocate()
  }

  var isDone: Bool { pointer.pointee.done }

  func fired(_ deadline: Int64) {
    ctimer_record_fired(pointer, deadline)
  }

  func check() throws {
    let (early, unordered) = (pointer.pointee.early, pointer.pointee.out_of_order)
    try Violation.unless(isDone, "\(pointer.pointee.fired) of \(pointer.pointee.goal) timers have fired")
    try Violation.unless(early == 0 && unordered == 0, "\(early) timers fired early, \(unordered) out of order")
  }

  /// The lateness, in microseconds, that so many hundredths of all timers did not exceed.
  func percentile(_ hundredths: Int) -> Double {
    let sorted = UnsafeBufferPointer(start: lateness, count: pointer.pointee.fired).sorted()
    return Double(sorted[min(sorted.count - 1, sorted.count * hundredths / 100)]) / 1000
  }
}

/// The longest delay of a short timer, in nanoseconds.
private let spread: UInt64 = 100_000_000

extension Bench {
  /// Timers that fall due within 100 ms, created at once, with far ones pending.
  func measureShort() async throws {
    let (count, far) = (effort.size(1_000_000), effort.size(100_000))
    var pairs = Pairs()
    for _ in 0..<effort.rounds {
      let loop = EventLoop.current
      let record = Record(goal: count)
      let pointer = record.pointer
      var random = Random()
      let base = loop.now.nanoseconds + farAway
      var pending: [Scheduled] = []
      pending.reserveCapacity(far)
      for _ in 0..<far {
        pending.append(loop.schedule(at: Instant(nanoseconds: base + Int64(random.next(below: spread)))) {})
      }
      let watch = Stopwatch.cpu()
      let now = loop.now.nanoseconds
      for _ in 0..<count {
        let deadline = now + Int64(random.next(below: spread))
        loop.schedule(at: Instant(nanoseconds: deadline)) { ctimer_record_fired(pointer, deadline) }
      }
      while !record.isDone { try await sleep(for: .milliseconds(1)) }
      pairs.ours.append(watch.each(of: count))
      for timer in pending { timer.cancel() }
      try record.check()
      pairs.control.append(try shortControl(count, far))
    }
    report("1,000,000 due within 100 ms, each", pairs.ours, beside: pairs.control, .timesControl(1.2))
  }

  private func shortControl(_ count: Int, _ far: Int) throws -> Double {
    let (heap, idle, record) = (ctimer_heap_create(), Record(goal: 0), Record(goal: count))
    defer { ctimer_heap_destroy(heap) }
    var random = Random()
    let base = ctimer_now() + farAway
    for _ in 0..<far { ctimer_add_noting(heap, base + Int64(random.next(below: spread)), idle.pointer) }
    let watch = Stopwatch.cpu()
    let now = ctimer_now()
    for _ in 0..<count {
      ctimer_add_noting(heap, now + Int64(random.next(below: spread)), record.pointer)
    }
    ctimer_loop_run(heap, &record.pointer.pointee.done)
    let figure = watch.each(of: count)
    try record.check()
    return figure
  }

  /// 2,000 timers in flight, each followed by another: how late they fire on both sides.
  func measureLateness() async throws {
    let (flight, total) = (2000, max(4000, effort.size(100_000)))
    var (median, tail) = (Pairs(), Pairs())
    for _ in 0..<effort.rounds {
      let record = Record(goal: total, keepsLateness: true)
      let chain = Chain(EventLoop.current, record, left: total)
      for _ in 0..<flight { chain.add() }
      while !record.isDone { try await sleep(for: .milliseconds(1)) }
      try record.check()
      median.ours.append(record.percentile(50))
      tail.ours.append(record.percentile(99))

      let control = Record(goal: total, keepsLateness: true)
      let heap = ctimer_heap_create()
      var (left, random) = (total, Random())
      withUnsafeMutablePointer(to: &left) { left in
        withUnsafeMutablePointer(to: &random.seed) { seed in
          for _ in 0..<flight { ctimer_add_chain(heap, Int64(spread), control.pointer, left, seed) }
          ctimer_loop_run(heap, &control.pointer.pointee.done)
        }
      }
      ctimer_heap_destroy(heap)
      try control.check()
      median.control.append(control.percentile(50))
      tail.control.append(control.percentile(99))
    }
    report("lateness with 2,000 in flight, p50", unit: "us", median.ours, beside: median.control, .atMost(60))
    report("lateness with 2,000 in flight, p99", unit: "us", tail.ours, beside: tail.control, .atMost(120))
  }
}

/// Timers each of which is followed by another when it fires.
private final class Chain {
  private let loop: EventLoop
  private let record: Record
  private var left: Int
  private var random = Random()

  init(_ loop: EventLoop, _ record: Record, left: Int) {
    (self.loop, self.record, self.left) = (loop, record, left)
  }

  func add(isolation: isolated (any Actor)? = #isolation) {
    guard left > 0 else { return }
    left -= 1
    let deadline = loop.now.nanoseconds + Int64(random.next(below: spread))
    loop.schedule(at: Instant(nanoseconds: deadline)) {
      self.record.fired(deadline)
      self.add(isolation: isolation)
    }
  }
}

/// The process's resident memory in bytes, proc_pid_statm(5).
func residentBytes() -> Int {
  guard let file = fopen("/proc/self/statm", "r") else { return 0 }
  defer { fclose(file) }
  var text = [CChar](repeating: 0, count: 128)
  guard fgets(&text, Int32(text.count), file) != nil else { return 0 }
  let words = String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(
    separator: " ")
  return (Int(words[1]) ?? 0) * sysconf(Int32(_SC_PAGESIZE))
}
