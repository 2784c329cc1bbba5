import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ChannelTests {
  @Test func `without a buffer a send returns when a receiver has the item`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open()
      var steps: [String] = []
      let sending = spawn {
        for number in 0..<2 {
          try await sender.send(number)
          steps.append("sent \(number)")
        }
      }
      try await sleep(for: .seconds(1))
      #expect(steps == [])
      #expect(try await receiver.receive() == 0)
      try await sleep(for: .seconds(1))
      #expect(steps == ["sent 0"])
      #expect(try await receiver.receive() == 1)
      try await sending.value
    }
  }

  @Test func `without a buffer trySend needs somebody who waits, and so does tryReceive`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open()
      #expect(try sender.trySend(1) == false)
      #expect(try receiver.tryReceive() == nil)
      let receiving = spawn { try await receiver.receive() }
      await yield()
      #expect(try sender.trySend(2))
      #expect(try sender.trySend(3) == false)
      #expect(try await receiving.value == 2)
      let sending = spawn { try await sender.send(4) }
      await yield()
      #expect(try receiver.tryReceive() == 4)
      #expect(try receiver.tryReceive() == nil)
      try await sending.value
    }
  }

  @Test func `with a buffer a send waits only while it is full`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 2)
      try await sender.send(0)
      try await sender.send(1)
      #expect(try sender.trySend(2) == false)
      let sending = spawn { try await sender.send(2) }
      await yield()
      #expect(!sending.isDone)
      for number in 0..<3 { #expect(try await receiver.receive() == number) }
      try await sending.value
    }
  }

  @Test func `no item is stolen from a receiver that waits`() async throws {
    try await runOnLoop {
      for capacity in [0, 1, 10] {
        let (sender, receiver) = Channel<Int>.open(capacity: capacity)
        let waiting = spawn { try await receiver.receive() }
        await yield()
        try await sender.send(1)
        #expect(try receiver.tryReceive() == nil)
        let late = spawn { try await receiver.receive() }
        #expect(try await waiting.value == 1)
        await yield()
        try await sender.send(2)
        #expect(try await late.value == 2)
      }
    }
  }

  @Test func `many senders and receivers, each item to one`() async throws {
    try await runUnderSeeds(0..<20) { seed in
      let (sender, receiver) = Channel<Int>.open(capacity: Int(seed % 3))
      var got: [Int] = []
      var (receivers, senders) = ([TaskHandle<Void>](), [TaskHandle<Void>]())
      for _ in 0..<4 {
        let receiver = receiver.clone()
        receivers.append(spawn { for try await item in receiver { got.append(item) } })
      }
      for number in 0..<3 {
        let sender = sender.clone()
        senders += spawn(over: [number]) { number in
          for turn in 0..<50 { try await sender.send(number * 50 + turn) }
          sender.close()
        }
      }
      sender.close()
      receiver.close()
      for task in senders + receivers { try await task.value }
      #expect(got.sorted() == Array(0..<150))
    }
  }

  @Test func `a cancelled receiver loses no item, and a cancelled sender sends none`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open()
      let receivers = spawn(over: 0..<2) { _ in try await receiver.receive() }
      await yield()
      receivers[0].cancel()
      try await sender.send(1)
      receivers[1].cancel()
      await #expect(throws: CancellationError.self) { try await receivers[0].value }
      #expect(try await receivers[1].value == 1)
      let senders = spawn(over: [2, 3]) { item in try await sender.send(item) }
      await yield()
      senders[0].cancel()
      #expect(try await receiver.receive() == 3)
      senders[1].cancel()
      await #expect(throws: CancellationError.self) { try await senders[0].value }
      try await senders[1].value
    }
  }

  @Test func `statistics say what it holds and who uses it`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      let other = sender.clone()
      try await sender.send(1)
      let sending = spawn(over: 0..<2) { item in try await other.send(item) }
      await yield()
      sending[1].cancel()
      var statistics = receiver.statistics
      #expect(statistics == sender.statistics)
      #expect(statistics.buffered == 1)
      #expect(statistics.capacity == 1)
      #expect(statistics.openSenders == 2)
      #expect(statistics.openReceivers == 1)
      #expect(statistics.waitingSenders == 1)
      #expect(statistics.waitingReceivers == 0)
      _ = try receiver.tryReceive()
      _ = try receiver.tryReceive()
      other.close()
      let receiving = spawn { try await receiver.receive() }
      await yield()
      statistics = sender.statistics
      #expect(statistics.openSenders == 1)
      #expect(statistics.waitingSenders == 0)
      #expect(statistics.waitingReceivers == 1)
      sender.close()
      #expect(try await receiving.value == nil)
      _ = await gatherSettled(over: sending) { try await $0.value }
    }
  }

  @Test func `a task that never waits for its channel lets others run`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      var rounds = 0
      let greedy = spawn {
        for _ in 0..<1000 {
          try await sender.send(1)
          _ = try await receiver.receive()
          rounds += 1
        }
      }
      for _ in 0..<10 { await yield() }
      #expect(rounds > 10 && rounds <= 11 * 17)
      try await greedy.value
    }
  }
}
