import EpollLoopTesting
import Synchronization
import Testing

@testable import EpollLoop

/// What becomes of calls, callbacks, watches and connections when a run ends.
@Suite struct RunEndTests {
  @Test(arguments: [0, 1, 254, 255, 256, 257, 511, 600])
  func `accepted calls are made in their order, however many tasks are ready when the body ends`(_ yields: Int) throws {
    let loop = try EventLoop(clock: .virtual)
    let made = Mailbox<Int>()
    try loop.run {
      for _ in 0..<300 { spawn { while !Task.isCancelled { await yield() } } }
      try loop.execute { made.put(1) }
      for _ in 0..<yields { await yield() }
      try loop.execute { made.put(2) }
    }
    #expect(made.all == [1, 2])
    #expect(loop.census == .empty)
  }

  @Test func `calls that a thread submits while the run ends are made, or refused`() async throws {
    for _ in 0..<100 {
      let (accepted, made) = (Counter(), Counter())
      let (hasBegun, hasEnded) = (Gate(), Gate())
      let loop = try EventLoop(clock: .virtual)
      try Thread.start(named: "submitter") {
        hasBegun.open()
        while (try? loop.execute { made.add() }) != nil { accepted.add() }
        hasEnded.open()
      }
      try await onThread(named: "loop", onCancel: {}) {
        try loop.run {
          hasBegun.wait()
          for _ in 0..<100 { await yield() }
        }
        hasEnded.wait()
      }
      #expect(accepted.value == made.value)
      #expect(loop.census == .empty)
    }
  }

  @Test func `a callback that is ready at the end is not called, and ends`() throws {
    final class Held {}
    weak var freed: Held?
    weak var gone: EventLoop?
    var calls = 0
    do {
      let loop = try EventLoop(clock: .virtual)
      gone = loop
      let held = Held()
      freed = held
      try loop.run {
        loop.soon {
          _ = (loop, held)
          calls += 1
        }
        loop.schedule(every: .seconds(1)) { _ = (loop, held) }
      }
      #expect(loop.census == .empty)
      #expect(loop.bound.unchecked.ready.count == 0)
    }
    #expect(calls == 0)
    #expect(freed == nil)
    #expect(gone == nil)
  }

  @Test func `what a dropped callback schedules as it ends is dropped too`() throws {
    final class Chain {
      let left: Int
      let core: LoopCore
      init(_ left: Int, _ core: LoopCore) { (self.left, self.core) = (left, core) }
      func visit() {}
      deinit {
        guard left > 0 else { return }
        let next = Chain(left - 1, core)
        core.soon { next.visit() }
      }
    }
    let loop = try EventLoop(clock: .virtual)
    try loop.run {
      let chain = Chain(5, LoopCore.current)
      loop.soon { chain.visit() }
    }
    #expect(loop.census == .empty)
  }

  @Test func `a watch ends with its run, and the next run does not poll for it`() throws {
    let pipe = Pipe()
    pipe.put()
    let loop = try EventLoop(clock: .kernel)
    let watch = try loop.run { try loop.watch(pipe.reading, onReadable: {}) }
    #expect(loop.census.registrations == 0)
    let polls = try loop.run {
      let before = loop.statistics.polls
      try await sleep(for: .milliseconds(20))
      watch.cancel()
      return loop.statistics.polls - before
    }
    #expect(polls <= 3)
  }

  @Test func `connections and listeners that are dropped between runs are closed`() throws {
    let loop = try EventLoop(clock: .virtual)
    do {
      let sockets = Sockets()
      let held = try loop.run {
        let (client, server) = try await sockets.pair()
        return (client, server, try sockets.listen())
      }
      #expect(loop.census.registrations >= 3)
      withExtendedLifetime(held) {}
    }
    #expect(loop.census == .empty)
  }
}
