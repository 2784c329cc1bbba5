import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

/// How long busy callbacks and tasks can keep the loop from looking at the kernel, in counts.
@Suite struct FairnessTests {
  /// Reads the greatest number of turns between two looks while something keeps the loop busy.
  private func mostTurnsBetweenLooks(
    _ keepBusy: @escaping (_ count: @escaping () -> Bool) async -> Void
  ) async throws -> Int {
    try await runOnLoop {
      let core = LoopCore.current
      var (polls, first, most, rounds) = (core.statistics.polls, core.statistics.turns, 0, 0)
      await keepBusy {
        if core.statistics.polls != polls {
          polls = core.statistics.polls
          first = core.statistics.turns
        }
        most = max(most, core.statistics.turns - first + 1)
        rounds += 1
        return rounds < 20_000
      }
      while rounds < 20_000 { await yield() }
      try await sleep(for: .milliseconds(1))
      return most
    }
  }

  @Test func `a callback that asks for itself lets the loop look after 256 turns`() async throws {
    let most = try await mostTurnsBetweenLooks { count in
      func again(isolation: isolated (any Actor)? = #isolation) {
        if count() { EventLoop.current.soon { again(isolation: isolation) } }
      }
      again()
    }
    #expect((200...LoopCore.turnsPerLook).contains(most))
  }

  @Test func `callbacks that multiply do not delay a look beyond 256 turns`() async throws {
    let most = try await mostTurnsBetweenLooks { count in
      var living = 1
      func again(isolation: isolated (any Actor)? = #isolation) {
        guard count() else { return }
        EventLoop.current.soon { again(isolation: isolation) }
        if living < 700 {
          living += 1
          EventLoop.current.soon { again(isolation: isolation) }
        }
      }
      again()
    }
    #expect(most <= LoopCore.turnsPerLook)
  }

  @Test(arguments: [1, 3, 255, 256, 257, 1_000])
  func `however many yielding tasks there are, 256 turns pass at the most`(_ tasks: Int) async throws {
    let most = try await mostTurnsBetweenLooks { count in
      for _ in 0..<tasks { spawn { while count() { await yield() } } }
    }
    #expect(most <= LoopCore.turnsPerLook)
  }

  @Test func `a task that only yields starves neither a socket nor a timer`() async throws {
    try await runOnLoop(clock: .kernel) {
      let loop = EventLoop.current
      let pipe = Pipe()
      var turnsWhenReady: [Int] = []
      var isDone = false
      let watch = try loop.watch(
        pipe.reading,
        onReadable: {
          pipe.take()
          turnsWhenReady.append(loop.statistics.turns)
        })
      loop.schedule(after: .milliseconds(1)) { isDone = true }
      await yield()
      let before = loop.statistics.turns
      pipe.put()
      while turnsWhenReady.isEmpty || !isDone { await yield() }
      #expect(turnsWhenReady[0] - before <= LoopCore.turnsPerLook + 3)
      watch.cancel()
    }
  }

  @Test func `work from another thread is taken in although tasks keep the loop busy`() throws {
    let worker = try LoopThread()
    let (entered, done) = (Counter(), Counter())
    try worker.loop.execute {
      entered.add()
      func again(isolation: isolated (any Actor)? = #isolation) {
        if done.value == 0 { EventLoop.current.soon { again(isolation: isolation) } }
      }
      worker.loop.actor.assumeIsolated { again(isolation: $0) }
    }
    #expect(entered.wait(for: 1))
    try worker.loop.execute { done.add() }
    #expect(done.wait(for: 1))
    #expect(try worker.stop())
  }

  @Test func `no more is taken in at once than runs until the next look`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let core = LoopCore.current
      let calls = Counter()
      for _ in 0..<10_000 { try loop.execute { calls.add() } }
      var most = 0
      while calls.value < 10_000 {
        most = max(most, core.ready.count)
        await yield()
      }
      #expect(most <= LoopCore.turnsPerLook + 1)
    }
  }

  @Test func `operations that succeed at once give way after 32`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      var (operations, others) = (0, 0)
      let neighbour = spawn {
        while operations < 320 {
          others += 1
          await yield()
        }
      }
      let busy = spawn {
        for _ in 0..<320 {
          if core.spend() { await core.giveWay() }
          operations += 1
        }
      }
      try await busy.value
      try await neighbour.value
      #expect((320 / LoopCore.operationsPerTurn...320 / LoopCore.operationsPerTurn + 2).contains(others))
    }
  }

  @Test func `an idle loop sleeps in one poll for one timer`() async throws {
    try await runOnLoop(clock: .kernel) {
      let loop = EventLoop.current
      await yield()
      let before = loop.statistics
      // Long enough not to be over before the loop has looked, on a machine that is busy.
      try await sleep(for: .milliseconds(50))
      #expect(loop.statistics.polls - before.polls <= 2)
      #expect(loop.statistics.alarms - before.alarms == 1)
    }
  }

  @Test func `a later timer does not set the alarm again`() async throws {
    try await runOnLoop(clock: .kernel) {
      let loop = EventLoop.current
      let before = loop.statistics.alarms
      let end = loop.now + .milliseconds(50)
      for _ in 0..<10 { loop.schedule(at: end) {} }
      try await sleep(until: end + .milliseconds(-2))
      #expect(loop.statistics.alarms - before == 1)
      try await sleep(until: end + .milliseconds(2))
      #expect(loop.statistics.alarms - before <= 3)
    }
  }

  @Test func `other events do not set the alarm again`() async throws {
    try await runOnLoop(clock: .kernel) {
      let core = LoopCore.current
      let queue = LoopBound(WaitQueue(core), core)
      let loop = EventLoop.current
      let far = loop.schedule(after: .seconds(3600)) {}
      let before = loop.statistics
      for _ in 0..<5 {
        try Thread.start(named: "waker") { try? loop.execute { queue.open("test").wakeFirst() } }
        _ = await core.park(for: "test") { queue.unchecked.append($0) }
      }
      #expect(loop.statistics.alarms - before.alarms <= 1)
      far.cancel()
    }
  }

  @Test func `a signal that interrupts the wait harms nothing`() async {
    await #expect(processExitsWith: .success) {
      let ended = Counter()
      try Thread.start(named: "interrupted") {
        // A handler that does nothing, without SA_RESTART: epoll_wait(2) answers EINTR.
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in }
        sigaction(SIGUSR1, &action, nil)
        var mask = sigset_t()
        sigemptyset(&mask)
        pthread_sigmask(SIG_SETMASK, &mask, nil)
        do {
          let thread = pthread_self()
          try runOnLoop(clock: .kernel) {
            let start = EventLoop.current.now
            let (isOver, pace) = (Counter(), ThreadLock())
            try Thread.start(named: "interrupting") {
              while isOver.value == 0 {
                pthread_kill(thread, SIGUSR1)
                pace.locked { _ = pace.wait(timeoutNanoseconds: 200_000) }
              }
              isOver.add()
            }
            // As often as it takes until signals have come, on a machine that is busy.
            var sleeps = 0
            var polls = 0
            while polls <= 2 {
              let before = EventLoop.current.statistics.polls
              try await sleep(for: .milliseconds(20))
              polls = EventLoop.current.statistics.polls - before
              sleeps += 1
            }
            let passed = EventLoop.current.now - start
            isOver.add()
            precondition(isOver.wait(for: 2))
            precondition(passed >= .milliseconds(20) * sleeps, "\(passed) in \(sleeps) sleeps")
          }
          ended.add()
        } catch { preconditionFailure("\(error)") }
      }
      precondition(ended.wait(for: 1))
    }
  }
}
