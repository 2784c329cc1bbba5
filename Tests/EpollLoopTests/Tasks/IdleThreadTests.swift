@testable import EpollLoop
import EpollLoopTesting
import Testing

/// What a pool's threads keep of the loops whose calls they have made.
@Suite struct IdleThreadTests {
  @Test func `a call leaves no descriptor of its loop open`() async {
    await #expect(processExitsWith: .success) {
      try onOwnDescriptors {
        let before = Set(openDescriptors())
        for _ in 0..<300 {
          try runOnLoop(clock: .kernel) { try await offload {} }
          let after = Set(openDescriptors())
          guard after == before else { throw Wrong(description: "open: \(after), before: \(before)") }
        }
      }
    }
  }

  @Test func `an idle thread holds nothing of a loop that is gone`() async throws {
    let pool = ThreadPool(maximumThreads: 1, idleTime: .seconds(60))
    weak var returns: CallReturns?
    try await runOnLoop(clock: .kernel) {
      try await offload(on: pool) {}
      let made = Gate()
      let inbox = LoopCore.current.inbox
      let own = CallReturns(inbox)
      returns = own
      try pool.submit(CallBatch([.passRetained(OffloadedCall { made.open() })], own))
      made.wait()
    }
    // The thread lets go of it some time after it has opened the gate.
    let deadline = Instant.measuringNow + .seconds(10)
    while returns != nil, Instant.measuringNow < deadline { Thread.giveWay() }
    #expect(returns == nil)
    #expect(pool.threadCount == 1)
  }
}
