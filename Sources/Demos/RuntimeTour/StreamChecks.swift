/// A sequence of the numbers below a limit, each after a yield.
private struct Numbers: AsyncSequence {
  struct AsyncIterator: AsyncIteratorProtocol {
    var number = 0
    let limit: Int

    mutating func next() async -> Int? {
      await Task.yield()
      guard number < limit else { return nil }
      number += 1
      return number - 1
    }
  }

  let limit: Int
  func makeAsyncIterator() -> AsyncIterator { AsyncIterator(limit: limit) }
}

@MainActor let streamChecks: [RuntimeTour.Check] = [
  (
    "sequence", "0 4 8 true 3",
    {
      let even = Numbers(limit: 5).filter { $0 % 2 == 0 }.map { $0 * 2 }
      var seen: [String] = []
      for await number in even { seen.append("\(number)") }
      let hasThree = await Numbers(limit: 5).contains(3)
      return "\(seen.joined(separator: " ")) \(hasThree) \(await Numbers(limit: 3).reduce(0, +))"
    }
  ),
  (
    "stream", "[0, 1, 2]",
    {
      let (stream, source) = AsyncStream.makeStream(of: Int.self)
      Task.detached {
        for number in 0..<3 { source.yield(number) }
        source.finish()
      }
      var seen: [Int] = []
      for await number in stream { seen.append(number) }
      return "\(seen)"
    }
  ),
  (
    "stream-policies", "[3, 4] [0, 1]",
    {
      func kept(_ policy: AsyncStream<Int>.Continuation.BufferingPolicy) async -> [Int] {
        let (stream, source) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: policy)
        for number in 0..<5 { source.yield(number) }
        source.finish()
        var seen: [Int] = []
        for await number in stream { seen.append(number) }
        return seen
      }
      return "\(await kept(.bufferingNewest(2))) \(await kept(.bufferingOldest(2)))"
    }
  ),
  (
    "stream-error", "1 failure 7",
    {
      let (stream, source) = AsyncThrowingStream.makeStream(of: Int.self)
      source.yield(1)
      source.finish(throwing: Failure(number: 7))
      var sum = 0
      do {
        for try await number in stream { sum += number }
        return "no error"
      } catch {
        return "\(sum) \(error)"
      }
    }
  ),
  (
    "stream-cancel", "cancelled nil",
    {
      let log = Log()
      let (stream, source) = AsyncStream.makeStream(of: Int.self)
      source.onTermination = { end in
        if case .cancelled = end { Task { await log.add("cancelled") } }
      }
      let task = Task.detached {
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
      }
      await Task.yield()
      task.cancel()
      let value = await task.value.map { "\($0)" } ?? "nil"
      while await log.words.isEmpty { await Task.yield() }
      return "\(await log.text) \(value)"
    }
  ),
  (
    "stream-unfolding", "[1, 2, 3]",
    {
      actor Source {
        var number = 0
        func next() -> Int? {
          number += 1
          return number < 4 ? number : nil
        }
      }
      let source = Source()
      var seen: [Int] = []
      for await number in AsyncStream(unfolding: { await source.next() }) { seen.append(number) }
      return "\(seen)"
    }
  ),
]
