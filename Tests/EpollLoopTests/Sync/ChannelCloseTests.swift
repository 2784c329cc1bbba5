import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ChannelCloseTests {
  @Test func `a loop over a channel ends at the last sender's close, with all items received`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 10)
      let other = sender.clone()
      try await sender.send(1)
      sender.close()
      try await other.send(2)
      var got: [Int] = []
      let loop = spawn { for try await item in receiver { got.append(item) } }
      await yield()
      #expect(got == [1, 2])
      #expect(!loop.isDone)
      #expect(!receiver.isFinished)
      try await other.send(3)
      other.close()
      try await loop.value
      #expect(got == [1, 2, 3])
      #expect(receiver.isFinished)
      #expect(try await receiver.receive() == nil)
      #expect(try receiver.tryReceive() == nil)
    }
  }

  @Test func `a send without receivers throws that the channel is broken`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 10)
      let other = receiver.clone()
      receiver.close()
      try await sender.send(1)
      other.close()
      await #expect(throws: ChannelError.broken) { try await sender.send(2) }
      #expect(throws: ChannelError.broken) { try sender.trySend(2) }
      #expect(sender.statistics.buffered == 0)
    }
  }

  @Test func `the last receiver's close wakes senders that wait`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open()
      let sending = spawn(over: 0..<2) { item in try await sender.send(item) }
      await yield()
      receiver.close()
      for task in sending { await #expect(throws: ChannelError.broken) { try await task.value } }
    }
  }

  @Test func `closing an end wakes those who wait by it, and no others`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open()
      let other = receiver.clone()
      let closing = spawn { try await receiver.receive() }
      let staying = spawn { try await other.receive() }
      await yield()
      receiver.close()
      await #expect(throws: ClosedError(.channel)) { try await closing.value }
      #expect(!staying.isDone)
      try await sender.send(1)
      #expect(try await staying.value == 1)

      let another = sender.clone()
      let failing = spawn { try await sender.send(2) }
      let sending = spawn { try await another.send(3) }
      await yield()
      sender.close()
      await #expect(throws: ClosedError(.channel)) { try await failing.value }
      #expect(try await other.receive() == 3)
      try await sending.value
    }
  }

  @Test func `an end that was closed is of no use any more`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      sender.close()
      receiver.close()
      // A second time, nothing happens.
      sender.close()
      receiver.close()
      #expect(sender.isClosed && receiver.isClosed)
      #expect(sender.statistics.openSenders == 0)
      #expect(sender.statistics.openReceivers == 0)
      await #expect(throws: ClosedError(.channel)) { try await sender.send(1) }
      #expect(throws: ClosedError(.channel)) { try sender.trySend(1) }
      await #expect(throws: ClosedError(.channel)) { try await receiver.receive() }
      #expect(throws: ClosedError(.channel)) { try receiver.tryReceive() }
    }
  }

  @Test func `an item that was handed over arrives, although the end is closed then`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open()
      let receiving = spawn { try await receiver.receive() }
      await yield()
      try await sender.send(1)
      sender.close()
      receiver.close()
      #expect(try await receiving.value == 1)
    }
  }

  @Test func `a dropped sender closes`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open(capacity: 1)
      var other: Channel<Int>.Sender? = sender.clone()
      sender.close()
      try await other?.send(1)
      #expect(receiver.statistics.openSenders == 1)
      other = nil
      #expect(receiver.statistics.openSenders == 0)
      #expect(try await receiver.receive() == 1)
      #expect(try await receiver.receive() == nil)
    }
  }

  @Test func `a dropped receiver closes`() async throws {
    try await runOnLoop {
      let (sender, receiver) = Channel<Int>.open()
      var other: Channel<Int>.Receiver? = receiver.clone()
      receiver.close()
      let sending = spawn { try await sender.send(1) }
      await yield()
      #expect(other?.isClosed == false)
      other = nil
      await #expect(throws: ChannelError.broken) { try await sending.value }
    }
  }

  @Test func `an end that is dropped by another thread closes on its loop`() async throws {
    final class Holder: @unchecked Sendable { var sender: Channel<Int>.Sender? }
    try await runOnLoop(clock: .kernel) {
      let (sender, receiver) = Channel<Int>.open()
      let holder = Holder()
      holder.sender = sender.clone()
      sender.close()
      let receiving = spawn { try await receiver.receive() }
      await yield()
      #expect(!receiving.isDone)
      try await offload { holder.sender = nil }
      #expect(try await receiving.value == nil)
    }
  }

  @Test func `what is left when nobody can receive it is let go of`() async throws {
    try await runOnLoop {
      final class Item {}
      weak var item: Item?
      let (sender, receiver) = Channel<Item>.open(capacity: 1)
      do {
        let mine = Item()
        item = mine
        try await sender.send(mine)
      }
      #expect(item != nil)
      receiver.close()
      #expect(item == nil)
    }
  }

  @Test func `the errors say what they are`() {
    #expect("\(ClosedError(.channel))" == "the channel is closed")
    #expect("\(ChannelError.broken)" == "the channel has no receiver any more")
  }
}
