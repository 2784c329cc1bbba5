import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct ProgressMisuseTests {
  @Test func `counts below zero trap`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { await withProgress(total: 5) { $0.advance(by: -1) } }
    }
    #expect(names("A progress bar advances", result))
    await #expect(processExitsWith: .failure) { try await runOnLoop { await withProgress { $0.show(-1, of: 5) } } }
    await #expect(processExitsWith: .failure) { try await runOnLoop { await withProgress(total: -1) { _ in } } }
    await #expect(processExitsWith: .failure) { try await runOnLoop { await withProgress { $0.set(total: -1) } } }
  }

  @Test func `no time between drawings traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop { await withProgress(every: .zero) { _ in } }
    }
    #expect(names("The time from one drawing to the next is more than zero", result))
  }

  @Test func `another thread traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        try await withProgress { bar in try await offload { bar.advance() } }
      }
    }
    #expect(names("'ProgressBar.advance' belongs to another event loop's thread", result))
  }

  @Test func `a sink in an actor traps, and standard error does not`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try await runOnLoop {
        await ProgressOffice().work(with: nil)
        print("so far")
        await ProgressOffice().work { _ in }
      }
    }
    #expect(names("A sink would be called outside of the actor that creates it", result))
  }
}

private actor ProgressOffice {
  private var count = 0

  func work(with sink: (@Sendable (String) -> Void)?) async {
    await withProgress(total: 1, style: .bar, to: sink) { bar in
      self.preconditionIsolated()
      self.count += 1
      bar.advance()
      await yield()
      self.preconditionIsolated()
    }
  }
}
