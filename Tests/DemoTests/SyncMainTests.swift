import Testing

@Suite struct SyncMainTests {
  @Test func `without descriptors a run is an error, and a later one succeeds`() throws {
    let run = try Program.run("sync-main", ["shortage"])
    let noLoop = "cannot make an event loop: Too many open files"
    let noSignals = "cannot run: Too many open files (signals)"
    let noQueue = "cannot run: Too many open files (Dispatch's main queue)"
    let words = [
      "0: \(noLoop)", "1: \(noLoop)", "2: \(noLoop)", "3: \(noQueue)", "0: \(noQueue)", "1: \(noSignals)",
      "1: it has run",
    ]
    #expect(run.output == words)
    #expect(run.error == [])
    #expect(run.exit == .code(0))
  }

  @Test func `main-actor tasks that were made before the run begin with it, in their order`() throws {
    let run = try Program.run("sync-main", ["early"])
    #expect(run.output == ["a task", "another task", "the body", "threads: 1"])
    #expect(run.error == [])
    #expect(run.exit == .code(0))
  }

  @Test func `a detached task that was made before the run goes on on the loop`() throws {
    for _ in 0..<10 {
      let run = try Program.run("sync-main", ["early-detached"])
      #expect(run.output == ["a detached task"])
      #expect(run.error == [])
      #expect(run.exit == .code(0))
    }
  }

  @Test func `a task sleeps on another executor's thread too`() throws {
    let run = try Program.run("sync-main", ["sleep-elsewhere"])
    #expect(run.output == ["slept long enough: true"])
    #expect(run.exit == .code(0))
  }

  @Test(arguments: [
    ("in-task", "EventLoop.run was called in a task"),
    ("other-thread", "EventLoop.run must be called on the main thread"),
  ])
  func `a run that cannot work traps, and says what to do`(what: String, says: String) throws {
    let run = try Program.run("sync-main", [what])
    #expect(run.error.contains { $0.contains(says) })
    #expect(run.exit != .code(0))
  }
}
