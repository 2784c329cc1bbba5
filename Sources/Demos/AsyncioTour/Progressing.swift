import EpollLoop

/// A thousand tasks, and on standard error how far they are: a bar on a terminal, else lines.
func showProgress(_ story: Story) async throws {
  story.chapter("1,000 tasks, 50 at once")
  let shown = try await withProgress("working", total: 1000, unit: "tasks") { bar in
    _ = try await gather(over: 0..<1000, limit: 50, progress: { bar.show($0.finished, of: $0.total) }) { number in
      try await sleep(for: story.unit * (1 + number % 3) / 2)
      if number == 500 { bar.print("the one in the middle has ended") }
    }
    return bar.count
  }
  story.say("\(shown) have ended")
  story.check(shown == 1000, "each task is counted once")
}
