import Testing

@testable import EpollLoop

@Suite struct WaiterTableTests {
  @Test func `slots are taken from the lowest on`() {
    var table = WaiterTable()
    #expect((0..<5).map { _ in table.take(.task, subject: 0, record: 0).slot } == [0, 1, 2, 3, 4])
    #expect(table.count == 5)
  }

  @Test func `a slot that was given back is the next one taken, with another generation`() {
    var table = WaiterTable()
    let first = table.take(.task, subject: 0, record: 0)
    table.giveBack(first.slot)
    let second = table.take(.task, subject: 0, record: 0)
    #expect(second.slot == first.slot)
    #expect(second != first)
  }

  @Test func `a stale ticket finds nobody`() {
    var table = WaiterTable()
    let ticket = table.take(.task, subject: 0, record: 0)
    #expect(table.slot(ticket) != nil)
    table.giveBack(ticket.slot)
    #expect(table.slot(ticket) == nil)
    _ = table.take(.task, subject: 0, record: 0)
    #expect(table.slot(ticket) == nil)
    #expect(table.waitingSlot(ticket) == nil)
  }

  @Test func `nobody is never found, nor is a slot beyond the table`() {
    var table = WaiterTable()
    _ = table.take(.task, subject: 0, record: 0)
    #expect(table.slot(.nobody) == nil)
    #expect(table.slot(Waiter(slot: 1_000_000, generation: 1)) == nil)
    #expect(table.slot(Waiter(slot: 5, generation: 1)) == nil)
  }

  @Test func `a waiter that was woken waits no more`() {
    var table = WaiterTable()
    let ticket = table.take(.task, subject: 0, record: 0)
    #expect(table.waitingSlot(ticket) != nil)
    table.slot(ticket)?.pointee.stage = .woken
    #expect(table.waitingSlot(ticket) == nil)
    #expect(table.slot(ticket) != nil)
  }

  @Test func `a growing table keeps its slots and its rings`() {
    var table = WaiterTable(capacity: 2)
    let ring = table.take(.sentinel, subject: 0, record: 0).slot
    let tickets = (0..<1_000).map { table.take(.task, subject: UInt($0), record: 7) }
    for ticket in tickets { table.link(ticket.slot, before: ring) }
    #expect(Set(tickets.map(\.slot)).count == 1_000)
    #expect(table.members(of: ring) == tickets.map(\.slot))
    #expect(tickets.allSatisfy { table.slots[Int($0.slot)].subject == UInt(tickets.firstIndex(of: $0) ?? -1) })
  }

  @Test func `a table grows while a ring has members`() {
    var table = WaiterTable(capacity: 1)
    let ring = table.take(.sentinel, subject: 0, record: 0).slot
    var expected: [UInt32] = []
    for _ in 0..<200 {
      let ticket = table.take(.task, subject: 0, record: 0)
      table.link(ticket.slot, before: ring)
      expected.append(ticket.slot)
      precondition(table.members(of: ring) == expected)
    }
    #expect(table.count == 200)
  }

  @Test func `a waiter leaves its ring from wherever it stands`() {
    var table = WaiterTable()
    let ring = table.take(.sentinel, subject: 0, record: 0).slot
    let slots = (0..<5).map { _ in table.take(.task, subject: 0, record: 0).slot }
    for slot in slots { table.link(slot, before: ring) }
    table.unlink(slots[2])
    #expect(table.members(of: ring) == [slots[0], slots[1], slots[3], slots[4]])
    table.unlink(slots[0])
    table.unlink(slots[4])
    #expect(table.members(of: ring) == [slots[1], slots[3]])
    table.unlink(slots[4])
    table.giveBack(slots[1])
    table.giveBack(slots[3])
    #expect(table.members(of: ring) == [])
  }

  @Test func `sentinels are not counted as waiting`() {
    var table = WaiterTable()
    let ring = table.take(.sentinel, subject: 0, record: 0)
    #expect(table.count == 0)
    table.giveBack(ring.slot)
    #expect(table.count == 0)
  }

  @Test func `giving a slot back twice traps`() async {
    await #expect(processExitsWith: .failure) {
      var table = WaiterTable()
      let ticket = table.take(.task, subject: 0, record: 0)
      table.giveBack(ticket.slot)
      table.giveBack(ticket.slot)
    }
  }
}

extension WaiterTable {
  /// Who stands in a ring, in order, read both ways.
  func members(of sentinel: UInt32) -> [UInt32] {
    var forwards: [UInt32] = []
    var backwards: [UInt32] = []
    var index = slots[Int(sentinel)].next
    while index != sentinel {
      forwards.append(index)
      index = slots[Int(index)].next
    }
    index = slots[Int(sentinel)].previous
    while index != sentinel {
      backwards.append(index)
      index = slots[Int(index)].previous
    }
    precondition(backwards == forwards.reversed(), "a ring is not the same both ways")
    return forwards
  }
}
