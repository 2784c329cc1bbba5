@testable import EpollLoop

/// A number that threads wait for, without sleeping for a guessed time.
final class Counter: Sendable {
  private let lock = ThreadLock()
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private var count = 0

  /// Counts one more.
  func add() {
    lock.locked {
      count += 1
      lock.signal()
    }
  }

  /// What has been counted.
  var value: Int { lock.locked { count } }

  /// Waits until that many have been counted; one thread may wait.
  ///
  /// - Returns: False if they have not been after two minutes.
  func wait(for wanted: Int) -> Bool {
    lock.locked {
      while count < wanted {
        if !lock.wait(timeoutNanoseconds: 120_000_000_000), count < wanted { return false }
      }
      return true
    }
  }
}

/// Runs a loop on a thread of its own until its `stop` is called.
final class LoopThread: Sendable {
  let loop: EventLoop
  private let ended = Counter()

  init(clock: EventLoop.Clock = .kernel) throws {
    let loop = try EventLoop(clock: clock)
    let (started, ended) = (Counter(), ended)
    self.loop = loop
    try Thread.start(named: "loop") {
      loop.bound.unchecked.soon { started.add() }
      loop.bound.unchecked.run()
      ended.add()
    }
    _ = started.wait(for: 1)
  }

  /// Ends the run and waits for its end.
  ///
  /// - Returns: False if it has not ended after two minutes.
  func stop() throws -> Bool {
    let loop = loop
    try loop.execute { loop.bound.open("stop").stop() }
    return ended.wait(for: 1)
  }
}

/// Lets `EventLoop.run` be called in a task and on any thread: in a process of its own, where no other task goes on.
func takeProcessOver() throws {
  _ = try RuntimeTakeover.takeOver()
}
