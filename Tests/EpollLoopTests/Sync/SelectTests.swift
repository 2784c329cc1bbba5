import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct SelectTests {
  private enum Got: Equatable { case number(Int?), word(String?), late }
  private struct Violation: Error, CustomStringConvertible { let description: String }

  @Test func `the first channel that has an item gives it, and says which`() async throws {
    try await runOnLoop {
      let (numbers, number) = Channel<Int>.open(capacity: 1)
      let (words, word) = Channel<String>.open()
      let selecting = spawn {
        [
          try await select(.receive(from: number) { Got.number($0) }, .receive(from: word) { .word($0) }),
          try await select(.receive(from: number) { Got.number($0) }, .receive(from: word) { .word($0) }),
        ]
      }
      await yield()
      try await words.send("one")
      try await numbers.send(2)
      #expect(try await selecting.value == [.word("one"), .number(2)])
    }
  }

  @Test func `of items that are there the first case in the list takes its own, and the others stay`() async throws {
    try await runOnLoop {
      let channels = (0..<3).map { _ in Channel<Int>.open(capacity: 1) }
      for index in 1...2 { try await channels[index].sender.send(index) }
      let first = try await receiveFirst(from: channels[0].receiver, channels[1].receiver, channels[2].receiver)
      #expect(first.index == 1 && first.item == 1)
      #expect(channels[2].receiver.statistics.buffered == 1)
      #expect(channels.map(\.receiver.statistics.waitingReceivers) == [0, 0, 0])
    }
  }

  @Test func `a case that has lost takes nothing, although its channel gives in the same tick`() async throws {
    try await runOnLoop {
      let (a, b) = (Channel<Int>.open(capacity: 1), Channel<Int>.open(capacity: 1))
      let selecting = spawn { try await receiveFirst(from: a.receiver, b.receiver) }
      await yield()
      #expect(try b.sender.trySend(2))
      #expect(try a.sender.trySend(1))
      #expect(a.receiver.statistics.waitingReceivers == 0)
      let got = try await selecting.value
      #expect(got.index == 1 && got.item == 2)
      #expect(try a.receiver.tryReceive() == 1)
    }
  }

  @Test func `an item passes a select that has been woken by another channel, to the next receiver`() async throws {
    try await runOnLoop {
      let (a, b) = (Channel<Int>.open(), Channel<Int>.open())
      let selecting = spawn { try await receiveFirst(from: a.receiver, b.receiver) }
      await yield()
      let receiving = spawn { try await a.receiver.receive() }
      await yield()
      #expect(try b.sender.trySend(2))
      #expect(try a.sender.trySend(1))
      #expect(try await receiving.value == 1)
      let got = try await selecting.value
      #expect(got.item == 2)
    }
  }

  @Test func `a cancelled select takes nothing and leaves nothing behind`() async throws {
    try await runOnLoop {
      let (a, b) = (Channel<Int>.open(capacity: 1), Channel<Int>.open(capacity: 1))
      let selecting = spawn {
        try await select(
          .receive(from: a.receiver) { $0 }, .receive(from: b.receiver) { $0 }, .timeout(.seconds(9)) { nil })
      }
      await yield()
      selecting.cancel()
      #expect(EventLoop.current.census.timers == 0)
      try await a.sender.send(1)
      await #expect(throws: CancellationError.self) { try await selecting.value }
      #expect(try a.receiver.tryReceive() == 1)
    }
  }

  @Test func `an item that was handed over is kept, although the task is cancelled then`() async throws {
    try await runOnLoop {
      let (a, b) = (Channel<Int>.open(), Channel<Int>.open())
      let selecting = spawn { try await receiveFirst(from: a.receiver, b.receiver) }
      await yield()
      #expect(try b.sender.trySend(2))
      selecting.cancel()
      b.sender.close()
      let got = try await selecting.value
      #expect(got.item == 2)
    }
  }

  @Test func `a timeout ends the wait at its instant and counts from the call`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      let start = EventLoop.current.now
      let cases: [SelectCase<Got>] = [
        .receive(from: receiver) { .number($0) }, .timeout(.seconds(5)) { .number(5) }, .timeout(.seconds(2)) { .late },
      ]
      #expect(try await select(cases) == .late)
      #expect(try await select(cases) == .late)
      #expect(EventLoop.current.now - start == .seconds(4))
      try await sender.send(1)
      #expect(try await select(.timeout(.zero) { Got.late }, .receive(from: receiver) { .number($0) }) == .number(1))
      #expect(try await select(.receive(from: receiver) { Got.number($0) }, .timeout(.zero) { .late }) == .late)
    }
  }

  @Test func `the end of a channel is nil, and a closed end an error`() async throws {
    try await runOnLoop {
      let (a, b) = (Channel<Int>.open(capacity: 1), Channel<Int>.open(capacity: 1))
      let first = spawn { try await receiveFirst(from: a.receiver, b.receiver) }
      await yield()
      b.sender.close()
      let ended = try await first.value
      #expect(ended.index == 1 && ended.item == nil)
      let second = spawn { try await receiveFirst(from: a.receiver) }
      await yield()
      a.receiver.close()
      await #expect(throws: ClosedError.self) { _ = try await second.value }
    }
  }

  @Test func `a queue gives to a select too, and its end is an error`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let (sender, receiver) = Channel<String>.open(capacity: 1)
      let selecting = spawn {
        try await select(.get(from: queue) { Got.number($0) }, .receive(from: receiver) { .word($0) })
      }
      await yield()
      try await queue.put(3)
      #expect(try await selecting.value == .number(3))
      queue.shutdown()
      try await sender.send("x")
      await #expect(throws: ClosedError.self) { _ = try await select(.get(from: queue) { $0 }) }
    }
  }

  @Test func `a select of nothing traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop { try await select([SelectCase<Void>]()) }
    }
  }

  @Test func `a select that never waits lets others run`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: .max)
      for number in 0..<1000 { try await sender.send(number) }
      var rounds = 0
      let greedy = spawn {
        for _ in 0..<1000 {
          _ = try await receiveFirst(from: receiver)
          rounds += 1
        }
      }
      for _ in 0..<10 { await yield() }
      #expect(rounds > 10 && rounds <= 11 * 33)
      try await greedy.value
    }
  }

  @Test func `whatever selects, receivers, timeouts and cancels do, nothing is lost and nothing comes twice`()
    async throws
  {
    try await runUnderSeeds(0..<200) { seed in
      var random = Shuffle(seed: seed)
      let channels = (0..<3).map { _ in Channel<Int>.open(capacity: Int.random(in: 0...2, using: &random)) }
      let pauses = (0..<8).map { _ in Int.random(in: 0..<6, using: &random) }
      var (sent, got) = ([Int](), [Int]())
      let senders = spawn(over: 0..<6) { number in
        for turn in 0..<15 {
          let item = number * 100 + turn
          if turn % 4 == 0 { try await sleep(for: .milliseconds(pauses[number])) }
          try await channels[number % 3].sender.send(item)
          sent.append(item)
        }
      }
      let receivers = spawn(over: 0..<5) { number in
        var open = number == 0 ? [0] : [0, 1, 2]
        while !open.isEmpty {
          let cases = open.map { index in
            SelectCase<(Int, Int?)>.receive(from: channels[index].receiver) { (index, $0) }
          }
          let (index, item) = try await select(cases + [.timeout(.milliseconds(pauses[number] + 1)) { (-1, nil) }])
          if let item { got.append(item) } else { open.removeAll { $0 == index } }
        }
      }
      for (turn, pause) in pauses.enumerated() where turn < 3 {
        try await sleep(for: .milliseconds(pause))
        senders[turn].cancel()
        receivers[turn + 1].cancel()
      }
      for task in senders { do { try await task.value } catch is CancellationError {} }
      for channel in channels { channel.sender.close() }
      for task in receivers { do { try await task.value } catch is CancellationError {} }
      if got.sorted() != sent.sorted() { throw Violation(description: "sent \(sent), got \(got)") }
    }
  }
}
