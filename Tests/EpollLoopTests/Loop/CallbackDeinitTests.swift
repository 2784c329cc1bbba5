import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

/// Callbacks whose captures use the loop when they end: optimised builds end them as early as they may.
@Suite struct CallbackDeinitTests {
  /// Says when it is gone.
  private final class Guest {
    var whenGone: () -> Void = {}

    func visit() {}

    deinit { whenGone() }
  }

  @Test func `a callback that is cancelled ends, and cancels and schedules more`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var called = 0
      var gone = 0
      func schedule(isolation: isolated (any Actor)? = #isolation) -> Scheduled {
        let guest = Guest()
        let scheduled = loop.schedule(after: .seconds(1)) { [guest] in guest.visit() }
        guest.whenGone = {
          gone += 1
          scheduled.cancel()
          #expect(!scheduled.reschedule(after: .seconds(2)))
          let core = LoopCore.current
          core.schedule(core.add { called += 1 }, at: core.now + .seconds(3))
        }
        return scheduled
      }
      for _ in 0..<200 { schedule().cancel() }
      #expect(gone == 200)
      try await sleep(for: .seconds(4))
      #expect(called == 200)
    }
  }

  @Test func `a callback that has been called ends, and cannot be put off any more`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var moved: [Bool] = []
      func schedule(isolation: isolated (any Actor)? = #isolation) {
        let guest = Guest()
        let scheduled = loop.schedule(after: .seconds(1)) { [guest] in guest.visit() }
        guest.whenGone = {
          moved.append(scheduled.reschedule(after: .seconds(1)))
          scheduled.cancel()
        }
      }
      for _ in 0..<100 { schedule() }
      try await sleep(for: .seconds(5))
      #expect(moved == Array(repeating: false, count: 100))
    }
  }

  @Test func `a repeating callback that is cancelled ends, and cancels itself again`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      var gone = 0
      func schedule(isolation: isolated (any Actor)? = #isolation) -> Scheduled {
        let guest = Guest()
        let scheduled = loop.schedule(every: .seconds(1)) { [guest] in guest.visit() }
        guest.whenGone = {
          gone += 1
          scheduled.cancel()
          LoopCore.current.soon { gone += 1 }
        }
        return scheduled
      }
      for _ in 0..<100 { schedule().cancel() }
      await yield()
      #expect(gone == 200)
    }
  }

  @Test func `a watch that is cancelled ends its callbacks, and whoever cancels it again from there`() async throws {
    try await runOnLoop {
      let (reading, writing) = try Socket.pair()
      var gone = 0
      func watch(isolation: isolated (any Actor)? = #isolation) throws -> DescriptorWatch {
        let guest = Guest()
        let watch = try EventLoop.current.watch(reading, onReadable: { [guest] in guest.visit() })
        guest.whenGone = {
          gone += 1
          watch.cancel()
        }
        return watch
      }
      try watch().cancel()
      #expect(gone == 1)
      close(reading)
      close(writing)
    }
  }
}
