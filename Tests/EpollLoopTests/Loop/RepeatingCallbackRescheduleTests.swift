import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct RepeatingCallbackRescheduleTests {
  /// The instants in seconds at which a callback of 10 s is called that is moved meanwhile.
  private func times(_ move: @escaping (Scheduled, _ call: Int) -> Void, between: Int = 0) async throws -> [Int64] {
    try await runOnLoop {
      let loop = EventLoop.current
      var times: [Int64] = []
      var handles: [Scheduled] = []
      handles.append(
        loop.schedule(every: .seconds(10)) {
          times.append(loop.now.nanoseconds / 1_000_000_000)
          move(handles[0], times.count)
        })
      try await sleep(for: .seconds(between))
      if between > 0 { move(handles[0], 0) }
      try await sleep(for: .seconds(50 - between))
      handles[0].cancel()
      return times
    }
  }

  @Test func `a repeating callback goes on from the new instant`() async throws {
    #expect(try await times({ if $1 == 0 { $0.reschedule(after: .seconds(7)) } }, between: 14) == [10, 21, 31, 41])
  }

  @Test func `moved in its own call, too`() async throws {
    #expect(try await times { if $1 == 2 { $0.reschedule(after: .seconds(3)) } } == [10, 20, 23, 33, 43])
  }

  @Test func `moved and cancelled in its own call it is not called again`() async throws {
    let times = try await times {
      guard $1 == 2 else { return }
      $0.reschedule(after: .seconds(3))
      $0.cancel()
      #expect(!$0.reschedule(after: .seconds(3)))
    }
    #expect(times == [10, 20])
  }

  @Test(arguments: [MissedTicks.burst, .delay, .skip])
  func `moved into the past it is called in the next tick and makes up for nothing`(_ missed: MissedTicks) async throws
  {
    try await runOnLoop {
      let loop = EventLoop.current
      var times: [Int64] = []
      let scheduled = loop.schedule(every: .seconds(10), missed: missed) {
        times.append(loop.now.nanoseconds / 1_000_000_000)
      }
      try await sleep(for: .seconds(15))
      scheduled.reschedule(at: Instant(nanoseconds: .min))
      try await sleep(for: .seconds(15))
      scheduled.cancel()
      #expect(times == [10, 15, 25])
    }
  }

  @Test func `one that is ready waits for its new instant, and rests in the distant future`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var times: [Int64] = []
      var handles: [Scheduled] = []
      loop.schedule(after: .seconds(10)) { handles[0].reschedule(after: .seconds(2)) }
      handles.append(loop.schedule(every: .seconds(10)) { times.append(loop.now.nanoseconds / 1_000_000_000) })
      try await sleep(for: .seconds(30))
      #expect(times == [12, 22])
      handles[0].reschedule(at: .distantFuture)
      #expect(loop.census.timers == 0)
      try await sleep(for: .seconds(1_000))
      #expect(times == [12, 22])
      handles[0].reschedule(after: .seconds(1))
      try await sleep(for: .seconds(12))
      handles[0].cancel()
      #expect(times == [12, 22, 1_031, 1_041])
    }
  }
}
