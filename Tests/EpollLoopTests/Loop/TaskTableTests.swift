import EpollLoopTesting
import Testing

@testable import EpollLoop

/// The table of running tasks against a dictionary.
@Suite struct TaskTableTests {
  @Test(arguments: 0..<20)
  func `each task that runs is found, and no other`(seed: UInt64) async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let list = TaskList()
      let records = (0..<8).map { _ in TaskRecord(on: LoopLink(core), in: .passUnretained(list), name: nil) }
      var random = SeededGenerator(seed: seed)
      var table = TaskTable()
      var model: [UInt: TaskRecord] = [:]
      for _ in 0..<2000 {
        // Addresses as malloc(3) gives them, few enough to come again.
        let task = 0x7f00_0000_0000 + 16 * UInt.random(in: 0..<200, using: &random)
        if let record = model[task] {
          #expect(table.find(task) == UInt(bitPattern: Unmanaged.passUnretained(record).toOpaque()))
          table.remove(task)
          model[task] = nil
        } else {
          #expect(table.find(task) == 0)
          let record = records[Int.random(in: 0..<8, using: &random)]
          table.add(task, record)
          model[task] = record
        }
        #expect(table.count == model.count)
      }
      for (task, record) in model {
        #expect(table.find(task) == UInt(bitPattern: Unmanaged.passUnretained(record).toOpaque()))
      }
      #expect(table.records.count == model.count)
      for record in records { list.remove(record) }
    }
  }
}
