import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct CallbackTests {
  @Test func `callbacks are called in the order in which they were asked for`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var order: [Int] = []
      for number in 0..<1_000 { loop.soon { order.append(number) } }
      #expect(order.isEmpty)
      try await sleep(for: .milliseconds(1))
      #expect(order == Array(0..<1_000))
    }
  }

  @Test func `callbacks and tasks share one order`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var order: [Int] = []
      loop.soon { order.append(0) }
      spawn { order.append(1) }
      loop.soon { order.append(2) }
      spawn { order.append(3) }
      await yield()
      #expect(order == [0, 1, 2, 3])
    }
  }

  @Test func `what a callback asks for comes after what was ready`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var order: [String] = []
      loop.soon {
        order.append("a")
        LoopCore.current.soon { order.append("c") }
      }
      loop.soon { order.append("b") }
      try await sleep(for: .milliseconds(1))
      #expect(order == ["a", "b", "c"])
    }
  }

  @Test func `timers come in the order of their deadlines, equal ones in that of their creation`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var order: [Int] = []
      let start = loop.now
      loop.schedule(after: .milliseconds(20)) { order.append(3) }
      loop.schedule(at: start + .milliseconds(10)) { order.append(0) }
      spawn {
        try await sleep(until: start + .milliseconds(10))
        order.append(2)
      }
      loop.schedule(after: .milliseconds(10)) { order.append(1) }
      try await sleep(for: .milliseconds(30))
      #expect(order == [0, 1, 2, 3])
    }
  }

  @Test func `equal deadlines come in the order of creation, whatever waits for them`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let end = loop.now + .seconds(1)
      var order: [Int] = []
      for round in 0..<30 {
        switch round % 3 {
        case 0:
          loop.schedule(at: end) { order.append(round) }
        case 1:
          spawn {
            try await sleep(until: end)
            order.append(round)
          }
        default:
          spawn {
            do {
              try await withTimeout(until: end) { try await sleep(for: .seconds(3_600)) }
            } catch is TimeoutError {
              order.append(round)
            }
          }
        }
        // The next one is created after this one has begun to wait.
        for _ in 0..<3 { await yield() }
      }
      try await sleep(until: end + .milliseconds(1))
      let timed = order.filter { $0 % 3 != 2 }
      // A timeout cancels its body first, whose end comes some turns later: those are in order too.
      #expect(timed == (0..<30).filter { $0 % 3 != 2 })
      #expect(order.filter { $0 % 3 == 2 } == (0..<30).filter { $0 % 3 == 2 })
    }
  }

  @Test(arguments: [Duration.zero, .seconds(-1), .seconds(Int64.min), .nanoseconds(1)])
  func `a delay of zero and less is the next tick, after what is ready`(_ delay: Duration) async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var order: [String] = []
      loop.schedule(after: delay) { order.append("timer") }
      loop.soon { order.append("soon") }
      try await sleep(for: .milliseconds(1))
      #expect(order == ["soon", "timer"])
    }
  }

  @Test(arguments: [Duration.seconds(Int64.max), .nanoseconds(Int64.max), .seconds(9_000_000_000)])
  func `a huge delay neither overflows nor is early`(_ delay: Duration) async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      let scheduled = loop.schedule(after: delay) { calls += 1 }
      let distant = loop.schedule(at: .distantFuture) { calls += 1 }
      try await sleep(for: .seconds(86_400 * 365 * 100))
      #expect(calls == 0)
      scheduled.cancel()
      distant.cancel()
    }
  }

  @Test func `the distant future never comes and needs no timer`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let never = loop.schedule(at: .distantFuture) { Issue.record("the distant future has come") }
      #expect(loop.census.timers == 0)
      #expect(loop.census.waiters == 1)
      never.cancel()
      #expect(loop.census.waiters == 0)
    }
  }

  @Test func `a zero timer that re-arms itself runs once per tick and starves nothing`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let pipe = Pipe()
      var calls = 0
      var readable = 0
      let polls = loop.statistics.polls
      func again(isolation: isolated (any Actor)? = #isolation) {
        calls += 1
        #expect(loop.statistics.polls - polls >= calls - 1)
        if calls == 20 { pipe.put() }
        if calls < 100 { loop.schedule(after: .zero) { again(isolation: isolation) } }
      }
      let watch = try loop.watch(
        pipe.reading,
        onReadable: {
          readable = calls
          pipe.take()
        })
      again()
      while calls < 100 { await yield() }
      // Between the twentieth call and the next tick the event is seen.
      #expect((20...22).contains(readable))
      watch.cancel()
    }
  }

  @Test func `a timer is never early on the kernel's clock`() async throws {
    try await runOnLoop(clock: .kernel) {
      let loop = EventLoop.current
      var pending = 0
      var random = Shuffle(seed: 5)
      for _ in 0..<200 {
        let deadline = loop.now + .nanoseconds(Int64.random(in: 0...5_000_000, using: &random))
        pending += 1
        loop.schedule(at: deadline) {
          #expect(loop.now >= deadline)
          pending -= 1
        }
      }
      try await sleep(for: .milliseconds(6))
      while pending > 0 { await yield() }
    }
  }

  @Test func `a callback is let go of after its call`() async throws {
    final class Held {}
    try await runOnLoop {
      weak var freed: Held?
      do {
        let held = Held()
        freed = held
        EventLoop.current.soon { withExtendedLifetime(held) {} }
      }
      #expect(freed != nil)
      await yield()
      #expect(freed == nil)
    }
  }

  @Test func `what is outstanding when the run ends is let go of and never called`() throws {
    final class Held {}
    weak var freed: Held?
    do {
      let loop = try EventLoop(clock: .virtual)
      let held = Held()
      freed = held
      try loop.run {
        EventLoop.current.schedule(after: .seconds(1)) { Issue.record("called for \(held)") }
        EventLoop.current.schedule(at: .distantFuture) { Issue.record("called for \(held)") }
      }
      #expect(loop.census == .empty)
    }
    #expect(freed == nil)
  }
}
