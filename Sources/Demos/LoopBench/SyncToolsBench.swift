import EpollLoop

extension Bench {
  /// A reader's lock that is free.
  func measureReadLock() async throws {
    let count = effort.size(5_000_000)
    var locks: [Double] = []
    for _ in 0..<effort.rounds {
      let lock = ReadWriteLock()
      let watch = Stopwatch.cpu()
      for _ in 0..<count {
        try await lock.lockRead()
        lock.unlockRead()
      }
      locks.append(watch.each(of: count))
      try Violation.unless(lock.readerCount == 0, "a reader's lock was not given up")
    }
    report("read-write lock, lock and unlock of a reader", locks, .atMost(40))
  }

  /// Two tasks that take turns: each sets the promise that the other awaits, and awaits its own.
  func measurePromise() async throws {
    let turns = effort.size(500_000) / 2
    var pairs = Pairs()
    for _ in 0..<effort.rounds {
      let promises = PromiseRally(turns)
      var watch = Stopwatch.cpu()
      let tasks = spawn(over: [Rally.Side.first, .second]) { side in try await promises.play(side) }
      for task in tasks { try await task.value }
      pairs.ours.append(watch.each(of: turns * 2))

      watch = Stopwatch.cpu()
      let rally = Rally(turns)
      let first = spawn { await rally.play(.first) }
      let second = spawn { await rally.play(.second) }
      try await first.value
      try await second.value
      pairs.control.append(watch.each(of: turns * 2))
    }
    report(
      "promise, created, set and awaited; control: suspend and resume", pairs.ours, beside: pairs.control,
      .timesControl(1.3))
  }

  /// A task that waits for each token, beside one that sleeps for the same time.
  func measureRateLimiter() async throws {
    let count = effort.size(20_000)
    var pairs = Pairs()
    for _ in 0..<effort.rounds {
      let limiter = RateLimiter(1, per: .microseconds(20))
      var watch = Stopwatch.cpu()
      for _ in 0..<count { try await limiter.acquire() }
      pairs.ours.append(watch.each(of: count))
      watch = Stopwatch.cpu()
      for _ in 0..<count { try await sleep(for: .microseconds(20)) }
      pairs.control.append(watch.each(of: count))
    }
    report("rate limiter, a wait of 20 µs; control: sleep", pairs.ours, beside: pairs.control, .timesControl(1.2))
  }
}

/// A ``Rally`` with promises.
private final class PromiseRally {
  private var waiting: Promise<Int>?
  private let turns: Int

  init(_ turns: Int) {
    self.turns = turns
  }

  func play(_ side: Rally.Side) async throws {
    for turn in 0..<turns {
      // The last turn of the second has no task to wait for.
      if side == .second, turn == turns - 1 { break }
      let (mine, other) = (Promise<Int>(), waiting)
      waiting = mine
      other?.set(turn)
      _ = try await mine.future.value
    }
    waiting?.set(turns)
    waiting = nil
  }
}
