import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ProgressBarTests {
  @Test func `a bar is there from the begin, and its line ends with it`() async throws {
    try await runOnLoop {
      let screen = Screen()
      let value = try await withProgress("copying", total: 4, style: .bar, columns: 60, to: screen.write) { bar in
        #expect(screen.lines == ["copying:   0% |                         | 0/4 [0:00<?, ?/s]"])
        try await sleep(for: .seconds(2))
        bar.advance(by: 2)
        try await sleep(for: .seconds(2))
        bar.advance(by: 2)
        return bar.count
      }
      #expect(value == 4)
      #expect(screen.lines.count == 2 && screen.lines[1] == "")
      #expect(screen.lines[0].hasPrefix("copying: 100% |####"))
      #expect(screen.lines[0].hasSuffix("#| 4/4 [0:04<0:00, 1.0/s]"))
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `it is drawn ten times a second at the most, and the last change always`() async throws {
    try await runOnLoop {
      let screen = Screen()
      try await withProgress(total: 1000, style: .bar, columns: 60, to: screen.write) { bar in
        for _ in 0..<35 {
          try await sleep(for: .milliseconds(10))
          bar.advance()
        }
        #expect(screen.times == [0, 100, 200, 300])
        try await sleep(for: .seconds(5))
        #expect(screen.times == [0, 100, 200, 300, 400])
        #expect(screen.lines[0].contains("| 35/1000 "))
      }
      #expect(screen.times == [0, 100, 200, 300, 400, 5350])
    }
  }

  @Test func `a change after a long rest is drawn at once`() async throws {
    try await runOnLoop {
      let screen = Screen()
      try await withProgress(total: 10, style: .bar, every: .seconds(1), to: screen.write) { bar in
        #expect(EventLoop.current.census.timers == 0)
        try await sleep(for: .milliseconds(2500))
        bar.advance()
        #expect(screen.times == [0, 2500])
        #expect(EventLoop.current.census.timers == 0)
        bar.advance()
        bar.advance()
        #expect(EventLoop.current.census.timers == 1)
        try await sleep(for: .seconds(3))
        #expect(screen.times == [0, 2500, 3500])
      }
    }
  }

  @Test func `a body that never waits is drawn as well`() async throws {
    try await runOnLoop(clock: .kernel) {
      let screen = Screen()
      await withProgress(style: .bar, every: .nanoseconds(1), to: screen.write) { bar in
        for _ in 0..<100 { bar.advance() }
      }
      #expect(screen.writes.count >= 100)
    }
  }

  @Test func `lines are written every five seconds while something changes, and at the end`() async throws {
    try await runOnLoop {
      let screen = Screen()
      try await withProgress("copying", total: 100, unit: "files", to: screen.write) { bar in
        for _ in 0..<12 {
          try await sleep(for: .seconds(1))
          bar.advance()
        }
        try await sleep(for: .seconds(30))
      }
      #expect(screen.times == [5000, 10_000, 15_000, 42_000])
      #expect(
        screen.lines == [
          "copying:   4% 4/100 files [0:05<2:00, 48.0 files/min]",
          "copying:   9% 9/100 files [0:10<1:37, 56.0 files/min]",
          "copying:  12% 12/100 files [0:15<1:58, 44.6 files/min]",
          "copying:  12% 12/100 files [0:42<5:08, 17.1 files/min]", "",
        ])
      #expect(screen.writes.allSatisfy { !$0.text.contains("\r") && !$0.text.contains("\u{1B}") })
    }
  }

  @Test(arguments: [ProgressStyle.silent, .terminalOnly])
  func `a silent one writes nothing but what it is told to`(style: ProgressStyle) async throws {
    try await runOnLoop {
      let screen = Screen()
      try await withProgress("copying", total: 100, style: style, to: screen.write) { bar in
        bar.advance()
        #expect(EventLoop.current.census.timers == 0)
        try await sleep(for: .seconds(60))
        bar.advance()
        bar.print("half")
        #expect(bar.count == 2)
      }
      #expect(screen.lines == ["half", ""])
    }
  }

  @Test(arguments: [ProgressStyle.bar, .lines])
  func `an error ends the line as well, and shows how far it came`(style: ProgressStyle) async throws {
    try await runOnLoop {
      let screen = Screen()
      await #expect(throws: Broken()) {
        try await withProgress(total: 10, style: style, to: screen.write) { bar in
          bar.advance(by: 3)
          throw Broken()
        }
      }
      #expect(screen.lines.count == 2 && screen.lines[1] == "")
      #expect(screen.lines[0].contains(" 3/10 "))
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test(arguments: [ProgressStyle.bar, .lines])
  func `a cancel ends the line as well`(style: ProgressStyle) async throws {
    try await runOnLoop {
      let screen = Screen()
      let task = spawn {
        try await withProgress(total: 10, style: style, to: screen.write) { bar in
          bar.advance(by: 3)
          try await waitForever()
        }
      }
      await yield()
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(screen.lines.count == 2 && screen.lines[1] == "")
      #expect(screen.lines[0].contains(" 3/10 "))
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `a text stands above the bar`() async throws {
    try await runOnLoop {
      let screen = Screen()
      await withProgress("copying", total: 10, style: .bar, columns: 60, to: screen.write) { bar in
        bar.print("one file is missing")
        #expect(screen.lines.count == 2)
        #expect(screen.lines[0] == "one file is missing")
        #expect(screen.lines[1].hasPrefix("copying:   0% |"))
        bar.print("two\nlines")
      }
      #expect(screen.lines.count == 5)
      #expect(Array(screen.lines[0...2]) == ["one file is missing", "two", "lines"])
    }
  }

  @Test func `total and description may change`() async throws {
    try await runOnLoop {
      let screen = Screen()
      await withProgress("looking", style: .bar, columns: 60, to: screen.write) { bar in
        #expect(bar.total == nil)
        bar.advance(by: 3)
        bar.set(total: 6)
        #expect(bar.total == 6)
        bar.set(description: "copying\nall")
        bar.print("")
        #expect(screen.lines[1].hasPrefix("copying all:  50% |"))
        bar.show(4, of: 5)
        #expect(bar.count == 4 && bar.total == 5)
        bar.set(total: nil)
      }
      #expect(screen.lines[1] == "copying all: 4 [0:00, ?/s]")
    }
  }

  @Test func `a count never overflows`() async throws {
    try await runOnLoop {
      await withProgress(total: .max, to: { _ in }) { bar in
        bar.advance(by: .max)
        bar.advance()
        #expect(bar.count == .max)
      }
    }
  }

  @Test func `changes after the end are shown no more, and texts stand alone`() async throws {
    try await runOnLoop {
      let screen = Screen()
      let bar = await withProgress(total: 10, style: .bar, to: screen.write) { $0 }
      let count = screen.writes.count
      bar.advance()
      try await sleep(for: .seconds(1))
      bar.advance()
      #expect(screen.writes.count == count)
      bar.print("late")
      #expect(screen.writes.last?.text == "late\n")
      #expect(EventLoop.current.census.timers == 0)
    }
  }

  @Test func `a sink may advance the bar`() async throws {
    try await runOnLoop {
      var bar: ProgressBar?
      var writes = 0
      try await withProgress(
        total: 10, style: .bar,
        to: { _ in
          writes += 1
          bar?.advance()
        }
      ) {
        bar = $0
        $0.advance()
        try await sleep(for: .milliseconds(550))
      }
      #expect(writes == 7)
      // The sink holds the bar, which holds the sink.
      bar = nil
    }
  }

  @Test func `a gather tells it how far it is`() async throws {
    try await runOnLoop {
      let screen = Screen()
      try await withProgress(total: 100, style: .bar, columns: 60, to: screen.write) { bar in
        _ = try await gather(over: 1...100, limit: 10) { number in
          try await sleep(for: .milliseconds(number))
          bar.advance()
        }
      }
      #expect(screen.lines[0].contains("| 100/100 "))
    }
  }

  @Test func `standard error that is no terminal gets lines`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        try await withProgress("copying", total: 100) { bar in
          try await sleep(for: .seconds(6))
          bar.advance(by: 50)
          bar.print("half")
          bar.advance(by: 50)
        }
        await withProgress("nowhere", style: .terminalOnly) { $0.advance() }
        await withProgress("drawn", style: .bar) { $0.advance() }
      }
    }
    let said = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(said.contains("copying:  50% 50/100 [0:06<0:06, 8.3/s]\nhalf\ncopying: 100% 100/100 [0:06<0:00, 16.7/s]\n"))
    #expect(!said.contains("nowhere"))
    #expect(said.contains("\rdrawn: 0 [0:00, ?/s]\u{1B}[K\rdrawn: 1 [0:00, ?/s]\u{1B}[K\n"))
  }
}
