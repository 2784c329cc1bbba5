import EpollLoop

/// A hundred things to do and room for ten: each starts as soon as one has ended, and the results keep their order.
func limit(_ story: Story) async throws {
  story.chapter("100 tasks, at most 10 at once")
  let gauge = Gauge()
  var ended = 0
  let squares = try await gather(over: 1...100, limit: 10) { number in
    try await gauge.run { try await sleep(for: story.unit / (1 + number % 2)) }
    ended += 1
    if ended % 25 == 0 { story.say("\(ended) have ended") }
    return number * number
  }
  story.say("at most \(gauge.most) ran at once; their sum is \(squares.reduce(0, +))")
  story.check(gauge.most == 10, "ten run at once, and never more")
  story.check(squares == (1...100).map { $0 * $0 }, "results stand in the order of the items")
}
