import EpollLoopTesting
import Testing

@testable import EpollLoop

/// What misuse of threads traps, and with which words.
@Suite struct LoopBoundTests {
  @Test func `a handle of another thread's loop traps and names the cure`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let worker = try LoopThread()
      worker.loop.soon {}
    }
    #expect(
      names("'EventLoop.soon' belongs to another event loop's thread: carry the work over with loop.execute", result))
  }

  @Test func `a handle of another loop traps although a loop runs here`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let other = try EventLoop()
      try await runOnLoop { _ = other.now }
    }
    #expect(names("'EventLoop.now' belongs to another event loop's thread", result))
  }

  @Test func `a watch of another thread's loop traps`() async {
    await #expect(processExitsWith: .failure) {
      let worker = try LoopThread()
      _ = try worker.loop.watch(0, onReadable: {})
    }
  }

  @Test func `a nested run traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { try EventLoop().run {} }
    }
    #expect(names("An event loop already runs on this thread: await the work there instead of nesting a run", result))
  }

  @Test func `a loop that runs itself again traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { try EventLoop.current.run {} }
    }
    #expect(names("An event loop already runs on this thread", result))
  }

  @Test func `running one loop on two threads traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let worker = try LoopThread()
      worker.loop.bound.unchecked.run()
    }
    #expect(names("This event loop already runs on another thread", result))
  }

  @Test func `the current loop traps where none runs`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = EventLoop.current
    }
    #expect(names("No event loop runs on this thread: call this inside EventLoop.run", result))
  }

  @Test func `a sleep without a loop traps`() async {
    await #expect(processExitsWith: .failure) { try await EpollLoop.sleep(for: .zero) }
  }

  @Test func `the current loop is the one that runs`() throws {
    let loop = try EventLoop(clock: .virtual)
    let isCurrent = try loop.run { EventLoop.current === loop }
    #expect(isCurrent)
    #expect(LoopCore.currentIfAny == nil)
  }

  @Test func `a loop can run again and again, on any thread`() throws {
    let loop = try EventLoop(clock: .virtual)
    let ended = Counter()
    for round in 1...3 {
      try Thread.start(named: "runner") {
        do { try loop.run { try await sleep(for: .seconds(1)) } } catch { Issue.record(error) }
        ended.add()
      }
      #expect(ended.wait(for: round))
    }
    let now = try loop.run { EventLoop.current.now }
    #expect(now == Instant(nanoseconds: 3_000_000_000))
  }

  @Test func `after a body that throws no loop is current`() async throws {
    await #expect(throws: Errno.canceled) { try await runOnLoop { throw Errno.canceled } }
    #expect(LoopCore.currentIfAny == nil)
  }

  @Test func `a loop takes three descriptors and gives them back`() async {
    await #expect(processExitsWith: .success) {
      let numbers = (0..<50).map { _ -> Int32 in
        do {
          let loop = try EventLoop()
          return loop.inbox.bellNumber
        } catch { preconditionFailure("\(error)") }
      }
      // The process around the test may hold another one now and then; 50 loops would hold 150.
      precondition((numbers.max() ?? 0) - (numbers.min() ?? 0) < 30, "\(numbers)")
    }
  }
}
