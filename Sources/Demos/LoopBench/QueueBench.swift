import EpollLoop

extension Bench {
  /// Queues between two tasks, beside a bare hand-over: each resumes the other and suspends.
  ///
  /// Inside a run; its tasks are on the main actor, as the hand-over's are elsewhere in this program.
  func measureQueues() async throws {
    let size = effort.size(500_000)
    var (bare, handed, buffered, back, channel) = ([Double](), [Double](), [Double](), [Double](), [Double]())
    for _ in 0..<effort.rounds {
      bare.append(try await handingOver(size))
      handed.append(try await putting(size, Queue(capacity: 1)))
      buffered.append(try await putting(size, Queue(capacity: 1000)))
      back.append(try await returning(size))
      channel.append(try await sending(size))
    }
    report("queue of 1, a put and its get", handed, beside: bare, .timesControl(2))
    report("queue of 1,000, a put and its get", buffered, beside: bare, .timesControl(2))
    report("queue there and back, a put and its get", back, beside: bare, .timesControl(2))
    report("channel without a buffer, a send and its receive", channel, beside: bare, .timesControl(2))
  }

  /// Nanoseconds for each time that one of two tasks resumes the other and suspends.
  private func handingOver(_ size: Int) async throws -> Double {
    let (watch, rally) = (Stopwatch.cpu(), Rally(size / 2))
    let first = spawn { await rally.play(.first) }
    let second = spawn { await rally.play(.second) }
    try await first.value
    try await second.value
    return watch.each(of: size / 2 * 2)
  }

  /// One task puts, one gets.
  private func putting(_ size: Int, _ queue: Queue<Int>) async throws -> Double {
    let watch = Stopwatch.cpu()
    let putter = spawn { for number in 0..<size { try await queue.put(number) } }
    let getter = spawn {
      var sum = 0
      for _ in 0..<size { sum += try await queue.get() }
      return sum
    }
    try await putter.value
    let sum = try await getter.value
    let figure = watch.each(of: size)
    try Violation.unless(sum == size * (size - 1) / 2, "a queue has lost an item")
    return figure
  }

  /// Each item goes there by one queue and back by another: both tasks wait for each.
  private func returning(_ size: Int) async throws -> Double {
    let (there, back) = (Queue<Int>(), Queue<Int>())
    let watch = Stopwatch.cpu()
    let echo = spawn { for _ in 0..<size / 2 { try await back.put(there.get()) } }
    let caller = spawn {
      for number in 0..<size / 2 {
        try await there.put(number)
        let answer = try await back.get()
        try Violation.unless(answer == number, "a queue has lost an item")
      }
    }
    try await echo.value
    try await caller.value
    return watch.each(of: size / 2 * 2)
  }

  /// One task sends, one receives, from hand to hand.
  private func sending(_ size: Int) async throws -> Double {
    let (sender, receiver) = Channel<Int>.open()
    let watch = Stopwatch.cpu()
    let putter = spawn {
      for number in 0..<size { try await sender.send(number) }
      sender.close()
    }
    let getter = spawn {
      var sum = 0
      for try await number in receiver { sum += number }
      return sum
    }
    try await putter.value
    let sum = try await getter.value
    let figure = watch.each(of: size)
    try Violation.unless(sum == size * (size - 1) / 2, "a channel has lost an item")
    return figure
  }
}
