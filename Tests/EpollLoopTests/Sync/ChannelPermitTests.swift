import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct ChannelPermitTests {
  @Test func `a permit's send neither waits nor fails`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      let permit = try await sender.reserve()
      #expect(try sender.trySend(2) == false)
      #expect(try sender.tryReserve() == nil)
      #expect(sender.statistics.reserved == 1)
      permit.send(1)
      #expect(sender.statistics.reserved == 0)
      #expect(try receiver.tryReceive() == 1)
    }
  }

  @Test func `a permit that is dropped is given back`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      var sending: TaskHandle<Void>?
      do {
        let permit = try await sender.reserve()
        sending = spawn { try await sender.send(2) }
        await yield()
        #expect(sender.statistics.waitingSenders == 1)
        _ = permit
      }
      try await sending?.value
      #expect(try receiver.tryReceive() == 2)
      #expect(sender.statistics.reserved == 0)
    }
  }

  @Test func `reserving and sending tasks are served in one order`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      try await sender.send(0)
      var served: [Int] = []
      let tasks = spawn(over: 1...6) { number in
        if number.isMultiple(of: 2) {
          try await sender.send(number)
          return served.append(number)
        }
        let permit = try await sender.reserve()
        served.append(number)
        try await sleep(for: .seconds(1))
        permit.send(number)
      }
      await yield()
      var got: [Int] = []
      for _ in 0...6 { got.append(try await receiver.receive() ?? -1) }
      for task in tasks { try await task.value }
      #expect(served == Array(1...6))
      #expect(got.sorted() == Array(0...6))
    }
  }

  @Test func `a send does not pass a task that waits to reserve, and goes on when that is cancelled`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      let permit = try await sender.reserve()
      let reserving = spawn { try await sender.reserve().send(2) }
      let receiving = spawn { try await receiver.receive() }
      await yield()
      #expect(try sender.trySend(3) == false)
      let sending = spawn { try await sender.send(3) }
      await yield()
      #expect(!sending.isDone && !receiving.isDone)
      reserving.cancel()
      await #expect(throws: CancellationError.self) { try await reserving.value }
      #expect(try await receiving.value == 3)
      try await sending.value
      permit.send(1)
      #expect(try await receiver.receive() == 1)
    }
  }

  @Test func `a receiver does not take the item of a sender behind a task that waits to reserve`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      let permit = try await sender.reserve()
      let reserving = spawn { try await sender.reserve().send(2) }
      let sending = spawn { try await sender.send(3) }
      await yield()
      #expect(try receiver.tryReceive() == nil)
      permit.send(1)
      #expect(try await receiver.receive() == 1)
      // The place was given first; the item behind it needs none.
      for number in [3, 2] { #expect(try await receiver.receive() == number) }
      try await reserving.value
      try await sending.value
    }
  }

  @Test func `receivers do not end while a place is reserved`() async throws {
    try await runOnLoop {
      for sends in [true, false] {
        let (sender, receiver) = Channel<Int>.open(capacity: 2)
        let permit = try await sender.reserve()
        sender.close()
        let receiving = spawn { try await receiver.receive() }
        await yield()
        #expect(!receiving.isDone && !receiver.isFinished)
        if sends { permit.send(7) } else { let dropped = permit; _ = dropped }
        #expect(try await receiving.value == (sends ? 7 : nil))
        #expect(try await receiver.receive() == nil)
      }
    }
  }

  @Test func `a place that was given to a cancelled task is kept, and its item arrives`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      try await sender.send(0)
      let reserving = spawn { try await sender.reserve().send(1) }
      await yield()
      #expect(try receiver.tryReceive() == 0)
      reserving.cancel()
      sender.close()
      try await reserving.value
      #expect(try await receiver.receive() == 1)
      #expect(try await receiver.receive() == nil)
    }
  }

  @Test func `closing either side ends the wait to reserve`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      let other = sender.clone()
      try await sender.send(0)
      let reserving = spawn(over: [sender, other]) { sender in try await sender.reserve().send(1) }
      await yield()
      sender.close()
      await #expect(throws: ClosedError.self) { try await reserving[0].value }
      receiver.close()
      await #expect(throws: ChannelError.broken) { try await reserving[1].value }
      #expect(throws: ChannelError.broken) { _ = try other.tryReserve() }
    }
  }

  @Test func `what a permit sends to closed receivers is dropped`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      let permit = try await sender.reserve()
      receiver.close()
      permit.send(1)
      #expect(sender.statistics.buffered == 0 && sender.statistics.reserved == 0)
    }
  }

  @Test func `a permit may be dropped on another thread`() async throws {
    try await runOnLoop {
      let (sender, _) = Channel<Int>.open(capacity: 1)
      let passage = sender.passage
      #expect(passage.exchange.tryReserve())
      let bound = LoopBound(passage, .current)
      _ = try await offload { _ = Channel<Int>.Permit(bound.unchecked) }
      await yield()
      #expect(sender.statistics.reserved == 0)
    }
  }

  @Test func `a channel without a buffer has no place to reserve`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop { _ = try await Channel<Int>.open().sender.reserve() }
    }
  }

  private struct Violation: Error, CustomStringConvertible { let description: String }

  @Test func `under random sends, permits, drops, cancels and receives nothing is lost and the bound holds`()
    async throws
  {
    try await runUnderSeeds(0..<200) { seed in
      var random = Shuffle(seed: seed)
      let capacity = Int.random(in: 1...3, using: &random)
      let (sender, receiver) = Channel<Int>.open(capacity: capacity)
      var (sent, got) = ([Int](), [Int]())
      let plans = (0..<12).map { _ in (0..<10).map { _ in Int.random(in: 0..<6, using: &random) } }
      let senders = spawn(over: plans.indices) { number in
        for (turn, act) in plans[number].enumerated() {
          let item = number * 100 + turn
          switch act {
          case 0, 1:
            try await sender.send(item)
            sent.append(item)
          case 2:
            let permit = try await sender.reserve()
            try await sleep(for: .milliseconds(turn))
            permit.send(item)
            sent.append(item)
          case 3:
            let permit = try await sender.reserve()
            await yield()
            _ = permit
          case 4:
            if let permit = try sender.tryReserve() {
              permit.send(item)
              sent.append(item)
            }
          default: try await sleep(for: .milliseconds(number % 4))
          }
          let statistics = sender.statistics
          if statistics.buffered + statistics.reserved > capacity { throw Violation(description: "\(statistics)") }
        }
      }
      let receivers = spawn(over: 0..<2) { _ in for try await item in receiver { got.append(item) } }
      let victims = (0..<4).map { _ in Int.random(in: 0..<12, using: &random) }
      for (turn, victim) in victims.enumerated() {
        try await sleep(for: .milliseconds(turn * 3))
        senders[victim].cancel()
      }
      for task in senders { do { try await task.value } catch is CancellationError {} }
      sender.close()
      for task in receivers { try await task.value }
      if got.sorted() != sent.sorted() { throw Violation(description: "sent \(sent), got \(got)") }
      if receiver.statistics.reserved != 0 { throw Violation(description: "a place stays reserved") }
    }
  }
}
