import Testing

@testable import EpollLoop

@Suite struct TimerQueueOrderTests {
  @Test func `timers keep their order when the count of creations runs out`() {
    var queue = TimerQueue(firstSequence: .max - 500)
    for slot in 0..<1000 as Range<UInt32> { queue.add(slot, deadline: Int64(slot % 3)) }
    for slot in stride(from: 0, to: 1000, by: 10) { queue.remove(UInt32(slot)) }
    let expected = (0..<3).flatMap { rest in (0..<1000).filter { $0 % 3 == rest && $0 % 10 != 0 } }
    var order: [Int] = []
    while let slot = queue.removeFirst(dueAt: .max) { order.append(Int(slot)) }
    #expect(order == expected)
    #expect(queue.count == 0)
  }

  @Test func `random additions and removals leave in order of deadline and creation`() {
    var queue = TimerQueue()
    var random = Shuffle(seed: 7)
    var model: [(deadline: Int64, creation: Int, slot: UInt32)] = []
    var free = Array(0..<300 as Range<UInt32>)
    for creation in 0..<100_000 {
      if free.isEmpty || (model.count > 0 && Int.random(in: 0..<5, using: &random) < 2) {
        let index = Int.random(in: 0..<model.count, using: &random)
        queue.remove(model[index].slot)
        free.append(model.remove(at: index).slot)
      } else {
        let slot = free.remove(at: Int.random(in: 0..<free.count, using: &random))
        let deadline = Int64.random(in: 0..<50, using: &random)
        queue.add(slot, deadline: deadline)
        model.append((deadline, creation, slot))
      }
    }
    model.sort { ($0.deadline, $0.creation) < ($1.deadline, $1.creation) }
    var order: [UInt32] = []
    while let slot = queue.removeFirst(dueAt: .max) { order.append(slot) }
    #expect(order == model.map(\.slot))
  }
}
