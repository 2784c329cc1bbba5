import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct QueueOrderTests {
  private struct Job: Equatable {
    let urgency: Int
    let name: String
  }

  @Test func `a stack gives the newest first`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(order: .lifo)
      for number in 0..<5 { try await queue.put(number) }
      var got: [Int] = []
      while let item = try queue.tryGet() { got.append(item) }
      #expect(got == [4, 3, 2, 1, 0])
    }
  }

  @Test func `priorities give the least first`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(order: .priority)
      var random = SystemRandomNumberGenerator()
      for number in (0..<200).shuffled(using: &random) { try await queue.put(number) }
      for number in 0..<200 { #expect(try await queue.get() == number) }
    }
  }

  @Test func `equal priorities keep the order in which they came`() async throws {
    try await runOnLoop {
      let queue = Queue<Job>(order: .priority { $0.urgency > $1.urgency })
      let jobs = (0..<100).map { Job(urgency: $0 * 7 % 3, name: "\($0)") }
      for job in jobs { try await queue.put(job) }
      let expected = [2, 1, 0].flatMap { urgency in jobs.filter { $0.urgency == urgency } }
      for job in expected { #expect(try await queue.get() == job) }
    }
  }

  @Test func `an item goes straight to a getter that waits, whatever the order`() async throws {
    try await runOnLoop {
      for order in [Queue<Int>.Order.fifo, .lifo, .priority] {
        let queue = Queue<Int>(order: order)
        let getters = spawn(over: 0..<3) { _ in try await queue.get() }
        await yield()
        for item in [3, 1, 2] { try await queue.put(item) }
        for (getter, item) in zip(getters, [3, 1, 2]) { #expect(try await getter.value == item) }
      }
    }
  }

  @Test func `a putter that waits is not passed by a more urgent one`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>(capacity: 1, order: .priority)
      try await queue.put(5)
      let putters = spawn(over: [9, 1]) { item in try await queue.put(item) }
      await yield()
      #expect(try await queue.get() == 5)
      #expect(try await queue.get() == 9)
      #expect(try await queue.get() == 1)
      for putter in putters { try await putter.value }
    }
  }
}
