import Testing

@testable import EpollLoop

/// Waiters and their rings against plain arrays.
@Suite struct WaiterTableModelTests {
  private enum Operation {
    /// Takes a slot and puts it last into a ring.
    case join(ring: Int)
    /// Takes the member out of its ring that is first, in the middle or last; it keeps its slot.
    case leave(ring: Int, fraction: UInt8)
    /// Gives back one of those that left, or of those that are still in a ring.
    case giveBack(fraction: UInt8)
  }

  @Test(arguments: [1, 3])
  func `rings do what arrays do, and tickets of the past find nobody`(_ rings: Int) async {
    for seed in 0..<10 {
      var random = Shuffle(seed: UInt64(seed * 10 + rings))
      let operations = (0..<(2_000 * Effort.factor)).map { _ -> Operation in
        let draw = random.next()
        let (ring, fraction) = (Int(draw >> 32 & 0xFF) % rings, UInt8(truncatingIfNeeded: draw >> 48))
        switch draw % 8 {
        case 0..<4: return .join(ring: ring)
        case 4, 5: return .leave(ring: ring, fraction: fraction)
        default: return .giveBack(fraction: fraction)
        }
      }
      let fault = await firstFault(in: operations) { check($0, rings) }
      #expect(fault == nil, "seed \(seed)")
    }
  }

  private func check(_ operations: [Operation], _ rings: Int) -> String? {
    var table = WaiterTable(capacity: 1)
    let sentinels = (0..<rings).map { _ in table.take(.sentinel, subject: 0, record: 0).slot }
    var members = [[UInt32]](repeating: [], count: rings)
    var living: [Waiter] = []
    var past: [Waiter] = []
    for (step, operation) in operations.enumerated() {
      switch operation {
      case .join(let ring):
        let ticket = table.take(.task, subject: UInt(step), record: 0)
        guard !living.contains(ticket), !past.contains(ticket) else { return "a ticket was given twice" }
        table.link(ticket.slot, before: sentinels[ring])
        members[ring].append(ticket.slot)
        living.append(ticket)
      case .leave(let ring, let fraction):
        guard !members[ring].isEmpty else { continue }
        table.unlink(members[ring].remove(at: members[ring].count * Int(fraction) / 256))
      case .giveBack(let fraction):
        guard !living.isEmpty else { continue }
        let ticket = living.remove(at: living.count * Int(fraction) / 256)
        for ring in 0..<rings { members[ring].removeAll { $0 == ticket.slot } }
        table.giveBack(ticket.slot)
        past.append(ticket)
        if past.count > 50 { past.removeFirst() }
      }
      if let fault = compare(table, sentinels, members, living, past, deeply: step % 16 == 0) { return fault }
    }
    return compare(table, sentinels, members, living, past, deeply: true)
  }

  private func compare(
    _ table: borrowing WaiterTable, _ sentinels: [UInt32], _ members: [[UInt32]], _ living: [Waiter],
    _ past: [Waiter], deeply: Bool
  ) -> String? {
    guard table.count == living.count else { return "count \(table.count), not \(living.count)" }
    guard deeply else { return nil }
    for (sentinel, expected) in zip(sentinels, members) where table.members(of: sentinel) != expected {
      return "ring \(table.members(of: sentinel)), not \(expected)"
    }
    for ticket in living where table.waitingSlot(ticket) == nil { return "\(ticket) is lost" }
    for ticket in past where table.slot(ticket) != nil { return "\(ticket) is found again" }
    return nil
  }
}
