import EpollLoop
import EpollLoopTesting
import Testing

@testable import struct EpollLoop.Shuffle

/// Queues and channels beside a model, under random puts, gets, cancels and orders of what is ready.
@Suite struct ExchangeModelTests {
  private static func run(
    seeds: Range<UInt64>, _ order: ExchangeModel.Order, _ counts: inout [String: Int],
    _ subject: @escaping (Int) -> ExchangeModel.Subject
  ) async throws {
    var sums = counts
    try await runUnderSeeds(seeds) { seed in
      var random = Shuffle(seed: seed)
      // Only a channel, which has one order, can be without room.
      let capacity = [order == .fifo ? 0 : 1, 1, 2, 5, 1000].randomElement(using: &random) ?? 1
      let model = ExchangeModel(capacity: capacity, order)
      try await model.drive(subject(capacity), &random, steps: 150)
      if let fault = model.faults.first { throw Violation(description: fault) }
      sums.merge(model.counts) { $0 + $1 }
    }
    counts = sums
  }

  private struct Violation: Error, CustomStringConvertible { let description: String }

  /// A queue, or, since it holds at least one, a channel if the capacity is zero.
  private static func queue(_ capacity: Int, _ order: Queue<Int>.Order) -> ExchangeModel.Subject {
    guard capacity > 0 else { return channel(capacity) }
    let queue = Queue<Int>(capacity: capacity, order: order)
    return ExchangeModel.Subject(
      put: { try await queue.put($0) },
      get: { do { return try await queue.get() } catch is ClosedError { return nil } },
      tryPut: { try queue.tryPut($0) }, tryGet: { try queue.tryGet() }, close: { queue.shutdown() })
  }

  private static func channel(_ capacity: Int) -> ExchangeModel.Subject {
    let (sender, receiver) = Channel<Int>.open(capacity: capacity)
    return ExchangeModel.Subject(
      put: { try await sender.send($0) }, get: { try await receiver.receive() },
      tryPut: { try sender.trySend($0) }, tryGet: { try receiver.tryReceive() }, close: { sender.close() })
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `a queue does what its model does, in every order`(part: UInt64) async throws {
    var counts: [String: Int] = [:]
    let seeds = part * 50..<part * 50 + 50
    try await Self.run(seeds: seeds, .fifo, &counts) { Self.queue($0, .fifo) }
    try await Self.run(seeds: seeds, .lifo, &counts) { Self.queue($0, .lifo) }
    try await Self.run(seeds: seeds, .priority, &counts) { Self.queue($0, .priority { $0 / 10 % 10 < $1 / 10 % 10 }) }
    // Nothing of what can happen has not.
    for what in ["put", "got", "cancelled", "closed"] { #expect(counts[what, default: 0] > 100, "\(counts)") }
  }

  @Test(arguments: 0..<4 as Range<UInt64>)
  func `a channel does what its model does, with a buffer and without`(part: UInt64) async throws {
    var counts: [String: Int] = [:]
    try await Self.run(seeds: part * 100..<part * 100 + 100, .fifo, &counts) { Self.channel($0) }
    for what in ["put", "got", "cancelled", "closed"] { #expect(counts[what, default: 0] > 100, "\(counts)") }
  }

  @Test func `with random timeouts nothing is lost, nothing comes twice, and each putter's order is kept`() async throws
  {
    try await runUnderSeeds(0..<100) { seed in
      var random = Shuffle(seed: seed)
      let queue = Queue<Int>(capacity: Int.random(in: 1...3, using: &random))
      var (put, got) = ([Int](), [Int]())
      var putters: [TaskHandle<Void>] = []
      for putter in 0..<4 {
        let limits = (0..<30).map { _ in Int.random(in: 0..<20, using: &random) }
        putters += spawn(over: [putter]) { putter in
          for (turn, limit) in limits.enumerated() {
            let item = putter * 1000 + turn
            do {
              try await withTimeout(.milliseconds(limit)) { try await queue.put(item) }
              put.append(item)
            } catch is TimeoutError {}
          }
        }
      }
      var getters: [TaskHandle<Void>] = []
      for _ in 0..<3 {
        let (limit, pause) = (Int.random(in: 1..<20, using: &random), Int.random(in: 0..<20, using: &random))
        getters += spawn(over: [limit]) { limit in
          var mine: [Int] = []
          while !queue.isShutDown || !queue.isEmpty {
            do {
              mine.append(try await withTimeout(.milliseconds(limit)) { try await queue.get() })
              try await sleep(for: .milliseconds(pause))
            } catch is TimeoutError {
            } catch is ClosedError {}
          }
          got += mine
          for putter in 0..<4 {
            let items = mine.filter { $0 / 1000 == putter }
            if items != items.sorted() { throw Violation(description: "order lost: \(items)") }
          }
        }
      }
      for putter in putters { try await putter.value }
      queue.shutdown()
      for getter in getters { try await getter.value }
      if got.sorted() != put.sorted() { throw Violation(description: "put \(put.sorted()), got \(got.sorted())") }
    }
  }
}
