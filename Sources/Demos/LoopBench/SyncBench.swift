import EpollLoop

extension Bench {
  /// What tasks use to wait for each other, beside a bare suspension where it waits.
  func measureSync() async throws {
    try await measureUncontended()
    try await measureReadLock()
    try await measureHandOver()
    try await measurePromise()
    try await measureRateLimiter()
    try await measureQueues()
  }

  /// One task that takes what is free and gives it back.
  private func measureUncontended() async throws {
    let count = effort.size(5_000_000)
    var (semaphores, locks) = ([Double](), [Double]())
    for _ in 0..<effort.rounds {
      let semaphore = Semaphore(limit: 2)
      var watch = Stopwatch.cpu()
      for _ in 0..<count {
        try await semaphore.acquire()
        semaphore.release()
      }
      semaphores.append(watch.each(of: count))
      try Violation.unless(semaphore.available == 2, "a permit was lost")
      let lock = Lock()
      watch = Stopwatch.cpu()
      for _ in 0..<count {
        try await lock.lock()
        lock.unlock()
      }
      locks.append(watch.each(of: count))
      try Violation.unless(!lock.isLocked, "a lock was not given up")
    }
    report("semaphore, acquire and release", semaphores, .atMost(40))
    report("lock, lock and unlock", locks, .none)
  }

  /// Two tasks that want one permit in turns: each hand-over is a wake and a wait.
  private func measureHandOver() async throws {
    let turns = effort.size(500_000) / 2
    var pairs = Pairs()
    for _ in 0..<effort.rounds {
      let semaphore = Semaphore(limit: 1)
      var last = 0
      var alternations = 0
      var watch = Stopwatch.cpu()
      // The first turn is kept over a yield: from then on one of the two always waits.
      let tasks = spawn(over: [1, 2]) { task in
        for turn in 0..<turns {
          try await semaphore.acquire()
          if turn == 0 { await yield() }
          if last != task { alternations += 1 }
          last = task
          semaphore.release()
        }
      }
      for task in tasks { try await task.value }
      pairs.ours.append(watch.each(of: turns * 2))
      try Violation.unless(alternations == turns * 2, "\(alternations) of \(turns * 2) turns were handed over")

      watch = Stopwatch.cpu()
      let rally = Rally(turns)
      let first = spawn { await rally.play(.first) }
      let second = spawn { await rally.play(.second) }
      try await first.value
      try await second.value
      pairs.control.append(watch.each(of: turns * 2))
    }
    report("hand-over; control: suspend and resume", pairs.ours, beside: pairs.control, .timesControl(1.3))
  }
}
