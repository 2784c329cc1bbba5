import Testing

@testable import EpollLoop

/// The timer queue against a plain sorted array: two million operations in a debug build.
@Suite struct TimerQueueModelTests {
  private enum Operation {
    /// Adds the slot's timer, first removing the one it has.
    case add(UInt32, Int64)
    /// Moves the slot's timer, if it has one: it counts as created anew.
    case rearm(UInt32, Int64)
    case remove(UInt32)
    /// Takes all that is due.
    case take(Int64)
  }

  /// What the queue should be: all that it holds, in order. Equal deadlines stay as they were added.
  private struct Model {
    var timers: [(deadline: Int64, slot: UInt32)] = []

    mutating func add(_ slot: UInt32, _ deadline: Int64) {
      var (low, high) = (0, timers.count)
      while low < high {
        let middle = (low + high) / 2
        if timers[middle].deadline <= deadline { low = middle + 1 } else { high = middle }
      }
      timers.insert((deadline: deadline, slot: slot), at: low)
    }

    @discardableResult
    mutating func remove(_ slot: UInt32) -> Bool {
      guard let index = timers.firstIndex(where: { $0.slot == slot }) else { return false }
      timers.remove(at: index)
      return true
    }

    mutating func take(_ now: Int64) -> UInt32? {
      guard let first = timers.first, first.deadline <= now else { return nil }
      return timers.removeFirst().slot
    }
  }

  @Test(arguments: [1, 4, 30, 200])
  func `the queue does what a sorted array does`(_ slots: UInt32) async {
    for seed in 0..<50 {
      var random = Shuffle(seed: UInt64(seed) << 32 | UInt64(slots))
      let operations = makeOperations(10_000 * Effort.factor, slots: slots, range: [1, 8, 1_000][seed % 3], &random)
      let fault = await firstFault(in: operations, check)
      #expect(fault == nil, "seed \(seed)")
    }
  }

  @Test func `the check finds a wrong answer`() {
    // The model itself is tried: equal deadlines in another order are seen.
    var model = Model()
    for slot in 0..<10 { model.add(UInt32(slot), slot % 2 == 0 ? 3 : 1) }
    var taken: [UInt32] = []
    while let slot = model.take(.max) { taken.append(slot) }
    #expect(taken == [1, 3, 5, 7, 9, 0, 2, 4, 6, 8])
  }

  private func makeOperations(
    _ count: Int, slots: UInt32, range: Int64, _ random: inout Shuffle
  ) -> [Operation] {
    var now: Int64 = 0
    return (0..<count).map { _ in
      let draw = random.next()
      let slot = UInt32(truncatingIfNeeded: draw >> 32) % slots
      switch draw % 16 {
      case 0..<5:
        return .add(slot, now &+ Int64(draw >> 8 & 0xFFFF) % range)
      case 5..<8:
        return .rearm(slot, now &+ Int64(draw >> 8 & 0xFFFF) % range)
      case 8:
        return .add(slot, [.max, .max - 1, .min, 0][Int(draw >> 8 & 3)])
      case 9..<14:
        return .remove(slot)
      default:
        now += Int64(draw >> 8 & 0xFFFF) % range
        return .take(now)
      }
    }
  }

  /// Does the operations on both; what the first difference is.
  private func check(_ operations: [Operation]) -> String? {
    var timers = TimerQueue()
    var model = Model()
    for operation in operations {
      switch operation {
      case .add(let slot, let deadline):
        timers.remove(slot)
        model.remove(slot)
        timers.add(slot, deadline: deadline)
        model.add(slot, deadline)
      case .rearm(let slot, let deadline):
        guard model.remove(slot) else { continue }
        timers.remove(slot)
        timers.add(slot, deadline: deadline)
        model.add(slot, deadline)
      case .remove(let slot):
        timers.remove(slot)
        model.remove(slot)
      case .take(let now):
        if let fault = take(&timers, &model, now) { return fault }
      }
      guard timers.count == model.timers.count else { return "count \(timers.count), not \(model.timers.count)" }
      let earliest = model.timers.first?.deadline ?? .max
      guard timers.earliest == earliest else { return "earliest \(timers.earliest), not \(earliest)" }
    }
    return take(&timers, &model, .max)
  }

  private func take(_ timers: inout TimerQueue, _ model: inout Model, _ now: Int64) -> String? {
    while true {
      let (slot, expected) = (timers.removeFirst(dueAt: now), model.take(now))
      guard slot == expected else { return "took \(slot ?? .max), not \(expected ?? .max)" }
      if slot == nil { return nil }
    }
  }
}
