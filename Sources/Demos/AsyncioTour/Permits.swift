import EpollLoop

/// A semaphore of 3 over 10 tasks: three at once, in the order in which they came.
func takePermits(_ story: Story) async throws {
  story.chapter("10 tasks, 3 permits")
  let semaphore = Semaphore(3)
  let gauge = Gauge()
  var order: [Int] = []
  _ = try await gather(over: 0..<10) { number in
    try await semaphore.withPermit {
      order.append(number)
      story.say("task \(number) has a permit")
      try await gauge.run { try await sleep(for: story.unit) }
    }
  }
  story.say("at most \(gauge.most) had one at once")
  story.check(gauge.most == 3, "three have a permit, and never more")
  story.check(order == Array(0..<10), "first come, first served")
  story.check(story.elapsed >= story.unit * 4, "ten tasks by three take four turns")
}
