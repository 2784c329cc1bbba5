import EpollLoop
import EpollLoopTesting
import Testing

/// What traps, and from which code queues and their kin can be used.
@Suite struct QueueUseTests {
  @Test func `a queue without room traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { _ = Queue<Int>(capacity: 0) }
    }
    #expect(names("A queue's capacity is more than zero", result))
  }

  @Test func `a channel of less than nothing traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { _ = Channel<Int>.open(capacity: -1) }
    }
    #expect(names("A channel's capacity is zero or more", result))
  }

  @Test func `a broadcast without room traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { _ = Broadcast<Int>(capacity: 0) }
    }
    #expect(names("A broadcast's capacity is more than zero", result))
  }

  @Test func `taskDone more often than items were put traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let queue = Queue<Int>()
        try await queue.put(1)
        queue.taskDone()
        queue.taskDone()
      }
    }
    #expect(names("taskDone() was called more often than items were put", result))
  }

  @Test func `taskDone for an item that a shutdown has dropped traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        let queue = Queue<Int>()
        try await queue.put(1)
        queue.shutdown(immediately: true)
        queue.taskDone()
      }
    }
  }

  @Test func `a clone of a closed end traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let (sender, _) = Channel<Int>.open()
        sender.close()
        _ = sender.clone()
      }
    }
    #expect(names("A closed end of a channel cannot be cloned", result))
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        let (_, receiver) = Channel<Int>.open()
        receiver.close()
        _ = receiver.clone()
      }
    }
  }

  @Test func `a send and a value after the close trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let news = Broadcast<Int>(capacity: 1)
        news.close()
        news.send(1)
      }
    }
    #expect(names("A broadcast that was closed sends nothing", result))
    let other = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        let level = Watch(1)
        level.close()
        level.value = 2
      }
    }
    #expect(names("A watch that was closed keeps its value", other))
  }

  @Test func `without a loop none can be made`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = Queue<Int>() }
    #expect(names("No event loop runs on this thread", result))
    await #expect(processExitsWith: .failure) { _ = Channel<Int>.open() }
    await #expect(processExitsWith: .failure) { _ = Broadcast<Int>(capacity: 1) }
    await #expect(processExitsWith: .failure) { _ = Watch(1) }
  }

  @Test func `another thread traps, and the message names the cure`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let queue = Queue<Int>()
        try await offload { _ = try queue.tryPut(1) }
      }
    }
    #expect(
      names("'Queue.tryPut' belongs to another event loop's thread: carry the work over with loop.execute", result))
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let queue = Queue<Int>()
        try await offload { _ = queue.isEmpty }
      }
    }
    #expect(names("'Queue.count' belongs to another event loop's thread", count))
    let sender = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let (sender, receiver) = Channel<Int>.open(capacity: 1)
        try await offload { _ = try sender.trySend(1) }
        receiver.close()
      }
    }
    #expect(names("'Channel.Sender.trySend' belongs to another event loop's thread", sender))
    let receiver = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let (_, receiver) = Channel<Int>.open(capacity: 1)
        try await offload { receiver.close() }
      }
    }
    #expect(names("'Channel.Receiver.close' belongs to another event loop's thread", receiver))
    let news = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let news = Broadcast<Int>(capacity: 1)
        try await offload { _ = news.send(1) }
      }
    }
    #expect(names("'Broadcast.send' belongs to another event loop's thread", news))
    let level = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let level = Watch(1)
        try await offload { level.value = 2 }
      }
    }
    #expect(names("'Watch.value' belongs to another event loop's thread", level))
  }

  @Test func `another loop's tasks trap too`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let queue = Queue<Int>()
        try await offload { try runOnLoop { try await queue.put(1) } }
      }
    }
    #expect(names("'Queue.put' belongs to another event loop's thread", result))
  }

  @Test func `on the main actor, tasks share queues, local variables and items that are not Sendable`() async {
    await #expect(processExitsWith: .success) {
      try takeProcessOver()
      try EventLoop.run { try await MainActorUse.work() }
    }
  }

  @Test func `an actor's tasks use them too, and stay on it`() async throws {
    try await runOnLoop {
      let sum = try await Shop().work()
      #expect(sum == 45)
    }
  }

  @Test func `children of a task group share a queue`() async throws {
    try await runOnLoop {
      let queue = Queue<Int>()
      let sum = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<3 { group.addTask { try await queue.get() } }
        for item in 1...3 { try await queue.put(item) }
        return try await group.reduce(0, +)
      }
      #expect(sum == 6)
    }
  }
}

/// Not Sendable.
private final class Parcel {
  let number: Int

  init(_ number: Int) { self.number = number }
}

private enum MainActorUse {
  @MainActor static func work() async throws {
    let parcels = Queue<Parcel>(capacity: 2)
    let (sender, receiver) = Channel<Parcel>.open()
    let news = Broadcast<Parcel>(capacity: 4)
    let latest = Watch(Parcel(-1))
    let items = news.subscribe()
    var sum = 0
    let getter = spawn {
      for try await parcel in parcels { try await sender.send(parcel) }
      sender.close()
    }
    let receiving = spawn {
      for try await parcel in receiver {
        MainActor.preconditionIsolated()
        sum += parcel.number
        news.send(parcel)
        latest.value = parcel
      }
      news.close()
    }
    let subscriber = spawn {
      for try await parcel in items { sum += parcel.number }
    }
    for number in 0..<10 { try await parcels.put(Parcel(number)) }
    parcels.shutdown()
    try await getter.value
    try await receiving.value
    try await subscriber.value
    precondition(sum == 90 && latest.value.number == 9)
  }
}

private actor Shop {
  private var sum = 0

  func work() async throws -> Int {
    let numbers = Queue<Int>(capacity: 2)
    let worker = spawn {
      for try await number in numbers {
        self.preconditionIsolated()
        self.sum += number
      }
    }
    for number in 0..<10 {
      try await numbers.put(number)
      preconditionIsolated()
    }
    numbers.shutdown()
    try await worker.value
    return sum
  }
}
