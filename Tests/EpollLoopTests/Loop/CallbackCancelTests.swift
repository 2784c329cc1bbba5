import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct CallbackCancelTests {
  @Test func `cancelled before its time, a callback leaves nothing behind`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let scheduled = loop.schedule(after: .seconds(1)) { Issue.record("it was cancelled") }
      #expect(loop.census.timers == 1)
      scheduled.cancel()
      #expect(loop.census.timers == 0)
      #expect(loop.census.waiters == 0)
      try await sleep(for: .seconds(2))
    }
  }

  @Test func `cancelled while it is ready, a callback is not called`() async throws {
    try await runOnLoop {
      let scheduled = EventLoop.current.soon { Issue.record("it was cancelled") }
      scheduled.cancel()
      scheduled.cancel()
      try await sleep(for: .milliseconds(1))
    }
  }

  @Test func `a sibling that is due in the same tick can be cancelled`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var handles: [Scheduled] = []
      var calls: [Int] = []
      let end = loop.now + .seconds(1)
      for number in 0..<4 {
        handles.append(
          loop.schedule(at: end) {
            calls.append(number)
            handles[1].cancel()
            handles[3].cancel()
          })
      }
      try await sleep(for: .seconds(2))
      #expect(calls == [0, 2])
    }
  }

  @Test func `cancelling twice, or after the call, or in it, does nothing`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var handles: [Scheduled] = []
      var calls = 0
      handles.append(
        loop.soon {
          calls += 1
          handles[0].cancel()
        })
      await yield()
      handles[0].cancel()
      handles[0].cancel()
      #expect(calls == 1)
    }
  }

  @Test func `an old handle does not cancel who has its slot now`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      let old = loop.soon { calls += 1 }
      await yield()
      for _ in 0..<3 {
        loop.soon { calls += 1 }
        old.cancel()
      }
      await yield()
      #expect(calls == 4)
    }
  }

  @Test func `a repeating callback can cancel itself`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var handles: [Scheduled] = []
      var calls = 0
      handles.append(
        loop.schedule(every: .seconds(1)) {
          calls += 1
          if calls == 3 {
            handles[0].cancel()
            handles[0].cancel()
          }
        })
      try await sleep(for: .seconds(10))
      #expect(calls == 3)
    }
  }

  @Test func `a repeating callback is cancelled while it is ready, and between calls`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var calls = 0
      var handles: [Scheduled] = []
      let end = loop.now + .seconds(1)
      loop.schedule(at: end) { handles[0].cancel() }
      handles.append(loop.schedule(every: .seconds(1)) { calls += 1 })
      let between = loop.schedule(every: .seconds(1)) { calls += 10 }
      try await sleep(for: .milliseconds(2_500))
      between.cancel()
      try await sleep(for: .seconds(5))
      #expect(calls == 20)
    }
  }

  @Test func `a cancelled callback is let go of at once`() async throws {
    final class Held {}
    try await runOnLoop {
      weak var freed: Held?
      let scheduled: Scheduled
      do {
        let held = Held()
        freed = held
        scheduled = EventLoop.current.schedule(after: .seconds(1)) { withExtendedLifetime(held) {} }
      }
      scheduled.cancel()
      #expect(freed == nil)
    }
  }

  @Test func `after the loop's run a cancel does nothing`() throws {
    let loop = try EventLoop(clock: .virtual)
    let scheduled = try loop.run { EventLoop.current.soon {} }
    scheduled.cancel()
  }
}
