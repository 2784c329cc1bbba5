import EpollLoop

extension Bench {
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
      // The last turn of the second has nobody to wait for.
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
