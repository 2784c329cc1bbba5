import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct CallbackRescheduleTests {
  @Test(arguments: [1, 3, 5])
  func `a callback that is moved is called at the new instant only`(_ seconds: Int) async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls: [Instant] = []
      let scheduled = loop.schedule(after: .seconds(3)) { calls.append(loop.now) }
      #expect(scheduled.reschedule(after: .seconds(seconds)))
      #expect(loop.census.timers == 1)
      try await sleep(for: .seconds(10))
      #expect(calls == [Instant(nanoseconds: 0) + .seconds(seconds)])
    }
  }

  @Test func `moved to an instant or by a duration, it counts as created anew`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let end = loop.now + .seconds(1)
      var order: [Int] = []
      var handles: [Scheduled] = []
      for number in 0..<4 { handles.append(loop.schedule(at: end) { order.append(number) }) }
      handles[0].reschedule(at: end)
      handles.append(loop.schedule(at: end) { order.append(4) })
      handles[2].reschedule(after: .seconds(1))
      try await sleep(for: .seconds(2))
      #expect(order == [1, 3, 0, 4, 2])
    }
  }

  @Test func `in its own call it is called once more, as often as it asks`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var times: [Int64] = []
      var handles: [Scheduled] = []
      handles.append(
        loop.schedule(after: .seconds(1)) {
          times.append(loop.now.nanoseconds / 1_000_000_000)
          if times.count < 4 { #expect(handles[0].reschedule(after: .seconds(times.count))) }
        })
      try await sleep(for: .seconds(20))
      #expect(times == [1, 2, 4, 7])
      #expect(!handles[0].reschedule(after: .zero))
      #expect(loop.census.waiters == 0)
    }
  }

  @Test func `in its own call the last instant counts, and a cancel undoes it`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var times: [Int64] = []
      var handles: [Scheduled] = []
      handles.append(
        loop.schedule(after: .seconds(1)) {
          times.append(loop.now.nanoseconds / 1_000_000_000)
          for seconds in [5, 3, 2] { handles[0].reschedule(after: .seconds(seconds)) }
          guard times.count == 3 else { return }
          handles[0].cancel()
          handles[0].cancel()
          #expect(!handles[0].reschedule(after: .seconds(1)))
          #expect(loop.census.timers == 1)
        })
      try await sleep(for: .seconds(20))
      #expect(times == [1, 3, 5])
      #expect(loop.census.waiters == 0)
    }
  }

  @Test func `a zero timer that moves itself runs once per tick and starves nothing`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      var turns = 0
      let polls = loop.statistics.polls
      var handles: [Scheduled] = []
      handles.append(
        loop.schedule(after: .zero) {
          calls += 1
          #expect(loop.statistics.polls - polls >= calls)
          if calls < 100 { handles[0].reschedule(after: .zero) }
        })
      while calls < 100 {
        turns += 1
        await yield()
      }
      #expect(turns >= 100)
      #expect(loop.now.nanoseconds == 0)
    }
  }

  @Test func `one that is ready and has not run waits for its new instant`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let end = loop.now + .seconds(1)
      var order: [String] = []
      var handles: [Scheduled] = []
      loop.schedule(at: end) {
        order.append("first")
        #expect(handles[0].reschedule(at: end + .seconds(1)))
        #expect(handles[1].reschedule(at: end))
      }
      handles.append(loop.schedule(at: end) { order.append("a \(loop.now - end)") })
      handles.append(loop.schedule(at: end) { order.append("b \(loop.now - end)") })
      loop.schedule(at: end) { order.append("last") }
      try await sleep(for: .seconds(3))
      #expect(order == ["first", "last", "b 0.0 seconds", "a 1.0 seconds"])
    }
  }

  @Test func `a callback for soon can be put off`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var order: [Int] = []
      let first = loop.soon { order.append(0) }
      loop.soon { order.append(1) }
      first.reschedule(after: .zero)
      try await sleep(for: .milliseconds(1))
      #expect(order == [1, 0])
    }
  }

  @Test func `a turn that is void does not stand in for the new one`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var order: [Int] = []
      // More than runs until the next look: the timer is due while its old turn still waits.
      for number in 0..<400 { loop.soon { order.append(number) } }
      let moved = loop.soon { order.append(-1) }
      for number in 400..<500 { loop.soon { order.append(number) } }
      moved.reschedule(after: .zero)
      while order.count < 501 { await yield() }
      #expect(order.filter { $0 >= 0 } == Array(0..<500))
      #expect(order.last == -1)
    }
  }

  @Test func `moved again and again while it is ready, it is called once`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      var rounds = 0
      for _ in 0..<2_000 { loop.soon { rounds += 1 } }
      let moved = loop.soon { calls += 1 }
      // It is woken and put off at each look, while its first turn is still far behind.
      while rounds < 1_500 {
        moved.reschedule(after: .zero)
        await yield()
      }
      try await sleep(for: .seconds(1))
      #expect(calls == 1)
      #expect(loop.census.waiters == 0)
    }
  }

  @Test func `put off while it is ready and then cancelled, it is not called and gives its slot back`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      for _ in 0..<3 {
        let moved = loop.soon { Issue.record("it was cancelled") }
        moved.reschedule(after: .zero)
        moved.cancel()
        moved.cancel()
        #expect(!moved.reschedule(after: .zero))
        #expect(loop.census.timers == 0)
        #expect(loop.census.waiters == 0)
        for _ in 0..<3 { loop.soon { calls += 1 } }
        await yield()
      }
      #expect(calls == 9)
    }
  }

  @Test func `after its last call or a cancel there is nothing to move, whoever has its slot now`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      let over = loop.soon { calls += 1 }
      let cancelled = loop.schedule(after: .seconds(1)) { calls += 10 }
      cancelled.cancel()
      await yield()
      for _ in 0..<4 { loop.schedule(after: .seconds(1)) { calls += 100 } }
      #expect(!over.reschedule(after: .zero))
      #expect(!cancelled.reschedule(at: loop.now + .seconds(5)))
      try await sleep(for: .milliseconds(999))
      #expect(calls == 1)
      try await sleep(for: .milliseconds(2))
      #expect(calls == 401)
    }
  }

  @Test func `in the distant future it rests without a timer until it is moved again`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      let scheduled = loop.schedule(after: .seconds(1)) { calls += 1 }
      scheduled.reschedule(at: .distantFuture)
      #expect(loop.census.timers == 0)
      try await sleep(for: .seconds(1_000_000))
      #expect(calls == 0)
      scheduled.reschedule(at: Instant(nanoseconds: .min))
      try await sleep(for: .zero)
      #expect(calls == 1)
    }
  }

  @Test func `moving a pending callback a hundred thousand times leaves one timer`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      let scheduled = loop.schedule(after: .seconds(1)) { calls += 1 }
      for number in 0..<100_000 { scheduled.reschedule(after: .milliseconds(number % 1_000 + 1)) }
      #expect(loop.census.timers == 1)
      #expect(loop.census.waiters == 1)
      try await sleep(for: .seconds(2))
      #expect(calls == 1)
    }
  }

  @Test func `what a callback holds is let go of after its last call`() async throws {
    final class Held {}
    try await runOnLoop {
      weak var freed: Held?
      var handles: [Scheduled] = []
      var calls = 0
      do {
        let held = Held()
        freed = held
        handles.append(
          EventLoop.current.soon {
            withExtendedLifetime(held) { calls += 1 }
            if calls == 1 { handles[0].reschedule(after: .seconds(1)) }
          })
      }
      await yield()
      #expect(freed != nil)
      try await sleep(for: .seconds(2))
      #expect(calls == 2)
      #expect(freed == nil)
    }
  }

  @Test func `one that ends the run in its own call and has moved itself is let go of`() throws {
    final class Held {}
    weak var freed: Held?
    let loop = try EventLoop(clock: .virtual)
    do {
      let held = Held()
      freed = held
      var handles: [Scheduled] = []
      try loop.run {
        handles.append(
          EventLoop.current.schedule(after: .zero) {
            withExtendedLifetime(held) {}
            handles[0].reschedule(after: .seconds(1))
          })
        try await sleep(for: .milliseconds(1))
      }
    }
    #expect(loop.census == .empty)
    #expect(freed == nil)
  }

  @Test func `from another thread it traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        let scheduled = EventLoop.current.schedule(after: .seconds(1)) {}
        try await offload { _ = scheduled.reschedule(after: .zero) }
      }
    }
  }
}
