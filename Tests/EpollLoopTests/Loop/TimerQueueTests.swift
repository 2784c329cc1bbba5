import Testing

@testable import EpollLoop

@Suite struct TimerQueueTests {
  @Test func `an empty queue has nothing due, ever`() {
    var timers = TimerQueue()
    #expect(timers.count == 0)
    #expect(timers.earliest == .max)
    #expect(timers.removeFirst(dueAt: .max) == nil)
  }

  @Test func `timers come in the order of their deadlines`() {
    var timers = TimerQueue()
    for (slot, deadline) in [50, 10, 40, 20, 30].enumerated() {
      timers.add(UInt32(slot), deadline: Int64(deadline))
    }
    #expect(timers.earliest == 10)
    #expect(timers.takeAll() == [1, 3, 4, 2, 0])
  }

  @Test func `equal deadlines come in the order of their creation`() {
    var timers = TimerQueue()
    let slots = (0..<1_000).map { UInt32($0 * 7919 % 1_000) }
    for slot in slots { timers.add(slot, deadline: 5) }
    #expect(timers.takeAll() == slots)
  }

  @Test func `a slot that is used again counts as created anew`() {
    var timers = TimerQueue()
    for slot in 0..<4 { timers.add(UInt32(slot), deadline: 5) }
    timers.remove(1)
    timers.add(1, deadline: 5)
    #expect(timers.takeAll() == [0, 2, 3, 1])
  }

  @Test func `a timer is due at its deadline and not before`() {
    var timers = TimerQueue()
    timers.add(0, deadline: 100)
    #expect(timers.removeFirst(dueAt: 99) == nil)
    #expect(timers.removeFirst(dueAt: 100) == 0)
    #expect(timers.removeFirst(dueAt: .max) == nil)
  }

  @Test func `the edges of time are deadlines like any other`() {
    var timers = TimerQueue()
    for (slot, deadline) in [Int64.max, .max - 1, 0, -1, .min + 1, .min].enumerated() {
      timers.add(UInt32(slot), deadline: deadline)
    }
    #expect(timers.removeFirst(dueAt: .min) == 5)
    #expect(timers.removeFirst(dueAt: .min) == nil)
    #expect(timers.removeFirst(dueAt: -1) == 4)
    #expect(timers.removeFirst(dueAt: -1) == 3)
    #expect(timers.removeFirst(dueAt: -1) == nil)
    #expect(timers.removeFirst(dueAt: .max - 1) == 2)
    #expect(timers.removeFirst(dueAt: .max - 1) == 1)
    #expect(timers.removeFirst(dueAt: .max - 1) == nil)
    #expect(timers.removeFirst(dueAt: .max) == 0)
  }

  @Test func `nothing of a removed timer stays`() {
    var timers = TimerQueue()
    for slot in 0..<500 { timers.add(UInt32(slot), deadline: Int64(slot % 10)) }
    for slot in 0..<500 { timers.remove(UInt32(slot)) }
    #expect(timers.count == 0)
    #expect(timers.earliest == .max)
    #expect(timers.removeFirst(dueAt: .max) == nil)
  }

  @Test func `removing the earliest uncovers the next`() {
    var timers = TimerQueue()
    for slot in 0..<100 { timers.add(UInt32(slot), deadline: Int64(slot)) }
    for slot in 0..<99 {
      timers.remove(UInt32(slot))
      #expect(timers.earliest == Int64(slot) + 1)
    }
  }

  @Test func `removing what is not there changes nothing`() {
    var timers = TimerQueue()
    timers.add(3, deadline: 1)
    timers.remove(2)
    timers.remove(1_000_000)
    timers.remove(.max)
    #expect(timers.count == 1)
    timers.remove(3)
    timers.remove(3)
    #expect(timers.count == 0)
  }

  @Test func `a slot with a high number fits`() {
    var timers = TimerQueue()
    timers.add(100_000, deadline: 1)
    timers.add(64, deadline: 1)
    timers.add(63, deadline: 1)
    #expect(timers.takeAll() == [100_000, 64, 63])
  }

  @Test func `a hundred thousand timers keep their order`() {
    var timers = TimerQueue()
    var random = Shuffle(seed: 3)
    for slot in 0..<100_000 { timers.add(UInt32(slot), deadline: Int64.random(in: 0..<1_000, using: &random)) }
    var last = Int64.min
    var count = 0
    while timers.count > 0 {
      let earliest = timers.earliest
      precondition(timers.removeFirst(dueAt: earliest) != nil)
      precondition(earliest >= last)
      last = earliest
      count += 1
    }
    #expect(count == 100_000)
  }

  @Test func `a second timer for one slot traps`() async {
    await #expect(processExitsWith: .failure) {
      var timers = TimerQueue()
      timers.add(1, deadline: 1)
      timers.add(1, deadline: 2)
    }
  }
}

extension TimerQueue {
  /// Takes every timer, in its order.
  mutating func takeAll() -> [UInt32] {
    var slots: [UInt32] = []
    while let slot = removeFirst(dueAt: .max) { slots.append(slot) }
    return slots
  }
}
