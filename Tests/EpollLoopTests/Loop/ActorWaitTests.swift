import EpollLoopTesting
import Testing

@testable import EpollLoop

/// That an actor's code waits on one loop at a time.
@Suite struct ActorWaitTests {
  private actor Shared {
    var count = 0

    func waitForever() async throws {
      count += 1
      try await sleep(for: .seconds(1_000_000))
    }

    func waitOnce() async throws {
      count += 1
      try await sleep(for: .milliseconds(1))
    }

    func giveWay() async {
      count += 1
      await yield()
    }

    func add() { count += 1 }
  }

  /// Parks a wait of the actor's code on a loop, and calls `other` on a second one meanwhile.
  private static func share(
    _ shared: Shared, _ other: @escaping @Sendable (Shared) async throws -> Void
  ) throws {
    try EventLoop().run { loop in
      let wait = spawn {
        _ = loop; try await shared.waitForever()
      }
      while await shared.count == 0 { await yield() }
      try await withLoop { _ in try await other(shared) }
      wait.cancel()
      try? await wait.value
    }
  }

  @Test func `a wait of its code on a second loop traps`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Self.share(Shared()) { try await $0.waitOnce() }
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("one actor waits on two event loops"))
  }

  @Test func `a yield in its code on a second loop traps`() async throws {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Self.share(Shared()) { await $0.giveWay() }
    }
    let text = result.map { String(decoding: $0.standardErrorContent, as: UTF8.self) } ?? ""
    #expect(text.contains("one actor waits on two event loops"))
  }

  @Test func `code of it that does not wait runs on any loop`() async throws {
    await #expect(processExitsWith: .success) {
      let shared = Shared()
      try Self.share(shared) { for _ in 0..<100 { await $0.add() } }
    }
  }

  @Test func `when its wait has ended its code may wait on another loop`() async throws {
    let shared = Shared()
    for _ in 0..<3 {
      try await runOnLoop {
        _ = try await gather(
          { try await shared.waitOnce() }, { try await shared.waitOnce() }, { await shared.giveWay() })
      }
    }
    #expect(await shared.count == 9)
  }
}
