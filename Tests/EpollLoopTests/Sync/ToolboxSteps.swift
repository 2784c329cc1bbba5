@testable import EpollLoop

/// What the tasks of a random program do: a body is some steps, and a step may hold bodies.
extension ToolboxProgram {
  /// What a body returns.
  static func value(of seed: UInt64) -> Int { Int(seed & 0xFFFF) }

  /// Does some steps in a group, and fails in one of eight cases.
  func body(_ seed: UInt64, _ place: ToolboxPlace, in group: ToolboxGroup) async throws -> Int {
    group.begin()
    ledger.note(.begin, 0, place.worker, place.depth)
    let result = await outcome {
      try await steps(seed, place)
      if seed % 8 == 0 { throw ToolboxBroken(number: seed) }
      return Self.value(of: seed)
    }
    group.end(result)
    ledger.note(.end, 0, place.worker, place.depth)
    return try result.get()
  }

  /// Does some steps. A cancelled task does not always stop.
  func steps(_ seed: UInt64, _ place: ToolboxPlace) async throws {
    var random = Shuffle(seed: seed)
    for _ in 0..<Int.random(in: place.depth == 0 ? 3...7 : 1...3, using: &random) {
      do {
        try await step(&random, place)
      } catch is CancellationError where random.next() % 4 == 0 {
        continue
      }
    }
  }

  private func step(_ random: inout Shuffle, _ place: ToolboxPlace) async throws {
    let kind = Int.random(in: 0..<(place.depth < 3 ? 35 : 19), using: &random)
    switch kind {
    case 0, 1: try await pause(&random)
    case 2, 3: try await usePermits(&random, place)
    case 4, 5: try await useLock(&random, place)
    case 6, 7: try await useCondition(&random, place)
    case 8, 9: try await useEvent(&random)
    case 10: try await useBarrier(&random)
    case 11, 12, 13: try await useQueue(&random)
    case 14, 15: try await useChannel(&random)
    case 16: try await useNews(&random)
    case 17: try await count(&random)
    case 18: useCallback(&random, place)
    case 19: cancelSomeone(&random)
    default: try await useTasks(&random, place, kind - 20)
    }
  }

  /// Whole milliseconds, seldom zero or less.
  func delay(_ random: inout Shuffle, upTo most: Int64 = 15) -> Duration {
    .milliseconds(Int64.random(in: -1...most, using: &random))
  }

  /// Sleeps or gives way.
  func pause(_ random: inout Shuffle) async throws {
    if Bool.random(using: &random) {
      await yield()
      return ledger.note(.yield)
    }
    let delay = delay(&random)
    let end = max(EventLoop.current.now, EventLoop.current.now + delay)
    let ticket = ledger.open(.sleep)
    // There it is cancelled, and the instant noted.
    let line = ToolboxLine()
    line.append(ticket)
    do {
      try await withCancellationHandler {
        try await sleep(for: delay)
      } onCancel: {
        ticket.cancel()
      }
      ledger.check(EventLoop.current.now == end, "a sleep until \(end) ends at \(EventLoop.current.now)")
      ledger.close(ticket, .done(0), expected: .done(0))
    } catch {
      ledger.check(EventLoop.current.now <= end, "a sleep until \(end) ends at \(EventLoop.current.now)")
      ledger.close(ticket, .cancelled)
      throw error
    }
  }

  private func usePermits(_ random: inout Shuffle, _ place: ToolboxPlace) async throws {
    let semaphore = semaphores[Int.random(in: 0..<2, using: &random)]
    let way = Int.random(in: 0..<8, using: &random)
    if way == 0, !isWoundUp { return semaphore.resize(to: Int.random(in: 0...semaphore.maximum, using: &random)) }
    guard semaphore.rank > place.rank else { return }
    let count = Int.random(in: 1...semaphore.maximum, using: &random)
    let inner = place.deeper(rank: semaphore.rank)
    let seed = random.next()
    switch way {
    case 1:
      if semaphore.tryAcquire(count) { semaphore.release(count) }
    case 2...4:
      try await semaphore.withPermits(count) { try await hold(seed, inner) }
    default:
      try await semaphore.acquire(count)
      // Given back one by one.
      defer { for _ in 0..<count { semaphore.release(1) } }
      try await hold(seed, inner)
    }
  }

  /// What a task does while it holds something: mostly it waits a little.
  private func hold(_ seed: UInt64, _ place: ToolboxPlace) async throws {
    var random = Shuffle(seed: seed)
    if seed % 4 == 0, place.depth < 3 { try await steps(random.next(), place) } else { try await pause(&random) }
  }

  private func useLock(_ random: inout Shuffle, _ place: ToolboxPlace) async throws {
    let lock = locks[Int.random(in: 0..<2, using: &random)]
    let way = Int.random(in: 0..<6, using: &random)
    if way == 0 { return lock.tryLock() }
    guard lock.rank > place.rank else { return }
    let seed = random.next()
    try await lock.withLock(inOneCall: way < 4) { try await hold(seed, place.deeper(rank: lock.rank)) }
  }

  private func useCondition(_ random: inout Shuffle, _ place: ToolboxPlace) async throws {
    guard condition.rank > place.rank else { return }
    switch Int.random(in: 0..<5, using: &random) {
    case 0, 1: try await condition.consume(inOneCall: false)
    case 2: try await condition.consume(inOneCall: true)
    default:
      let count = Int.random(in: 1...3, using: &random)
      var pauses = Shuffle(seed: random.next())
      try await condition.produce(count) { try await pause(&pauses) }
    }
  }

  private func useEvent(_ random: inout Shuffle) async throws {
    let event = events[Int.random(in: 0..<2, using: &random)]
    switch Int.random(in: 0..<5, using: &random) {
    case 0, 1: event.set()
    case 2: if !isWoundUp { event.clear() }
    default: try await event.wait()
    }
  }

  private func useBarrier(_ random: inout Shuffle) async throws {
    let barrier = barriers[Int.random(in: 0..<2, using: &random)]
    let way = Int.random(in: 0..<20, using: &random)
    if way < 2, !isWoundUp { return barrier.turnAway(isBroken: way == 0) }
    try await barrier.wait()
  }

  private func useQueue(_ random: inout Shuffle) async throws {
    let queue = queues[Int.random(in: 0..<3, using: &random)]
    switch Int.random(in: 0..<20, using: &random) {
    case 0..<7: try await queue.put(nextItem(&random))
    case 7..<14:
      guard try await queue.get(byLoop: Bool.random(using: &random)) else { return }
      // Whatever happens, the item is done with.
      defer { queue.taskDone() }
      try await pause(&random)
    case 14: queue.tryPut(nextItem(&random))
    case 15, 16: queue.tryGet()
    case 17, 18: try await queue.join()
    default: if random.next() % 4 == 0 { queue.shutdown(immediately: Bool.random(using: &random)) }
    }
  }

  private func useChannel(_ random: inout Shuffle) async throws {
    let channel = channels[Int.random(in: 0..<2, using: &random)]
    let end = Int.random(in: 0..<channel.ends, using: &random)
    switch Int.random(in: 0..<24, using: &random) {
    case 0..<8: try await channel.send(nextItem(&random), by: end)
    case 8..<16: try await channel.receive(by: end, byLoop: Bool.random(using: &random))
    case 16, 17: try await channel.sendByClone(nextItem(&random), of: end)
    case 18, 19: channel.trySend(nextItem(&random), by: end)
    case 20, 21: channel.tryReceive(by: end)
    case 22: if random.next() % 4 == 0 { channel.closeSender(end) }
    default: if random.next() % 4 == 0 { channel.closeReceiver(end) }
    }
  }

  private func useNews(_ random: inout Shuffle) async throws {
    let count = Int.random(in: 1...3, using: &random)
    var pauses = Shuffle(seed: random.next())
    let isSpecial = Bool.random(using: &random)
    switch Int.random(in: 0..<8, using: &random) {
    case 0..<2: for _ in 0..<count + 1 { broadcast.send() }
    case 2, 3: try await broadcast.follow(count, closes: isSpecial) { try await pause(&pauses) }
    case 4, 5: watch.set()
    case 6: try await watch.changed()
    default: try await watch.follow(count, skippingPresent: isSpecial) { try await pause(&pauses) }
    }
  }

  /// Takes permits of a semaphore without a limit, for good, or adds some.
  private func count(_ random: inout Shuffle) async throws {
    let count = Int.random(in: 1...2, using: &random)
    if Bool.random(using: &random) { counter.release(count) } else { try await counter.acquire(count) }
  }

  private func useCallback(
    _ random: inout Shuffle, _ place: ToolboxPlace, isolation: isolated (any Actor)? = #isolation
  ) {
    if let call = calls.randomElement(using: &random), Bool.random(using: &random) {
      if Bool.random(using: &random) { call.cancel() } else { call.move(by: delay(&random)) }
      return
    }
    let call = ToolboxCall(ledger)
    calls.append(call)
    let victim = Int.random(in: 0...2 * place.worker + 1, using: &random)
    let event = events[Int.random(in: 0..<2, using: &random)]
    call.schedule(after: delay(&random), delays: (0..<Int.random(in: 0...2, using: &random)).map { .milliseconds($0) })
    {
      [unowned self] in
      if handles.indices.contains(victim) { handles[victim].cancel() } else { event.set() }
    }
  }

  private func cancelSomeone(_ random: inout Shuffle) {
    guard let handle = handles.randomElement(using: &random) else { return }
    handle.cancel()
    ledger.note(.cancel)
  }
}
