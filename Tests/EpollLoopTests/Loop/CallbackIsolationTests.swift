import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct CallbackIsolationTests {
  private actor Account {
    var balance = 0

    func schedule() {
      EventLoop.current.soon { self.assumeIsolated { $0.balance += 1 } }
    }
  }

  @Test func `a callback that an actor's code makes traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop { await Account().schedule() }
    }
  }
}
