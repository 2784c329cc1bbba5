import Testing

@Suite struct AsyncMainTests {
  @Test(arguments: [("sleep", ["slept"]), ("listen", ["127.0.0.1"])])
  func `main's first words are on the loop`(what: String, says: [String]) throws {
    let run = try Program.run("async-main", [what])
    #expect(run.output == says)
    #expect(run.exit == .code(0))
  }

  @Test func `what main has spawned is cancelled and awaited when it ends`() throws {
    let run = try Program.run("async-main", ["leave"])
    #expect(run.output == ["main has ended", "the spawned task has ended: CancellationError()"])
    #expect(run.exit == .code(0))
  }

  @Test func `an exit from a spawned task ends the process`() throws {
    #expect(try Program.run("async-main", ["exit"]).exit == .code(3))
  }

  @Test func `the first interrupt cancels main and no other task`() throws {
    let run = try Program.run("async-main", ["interrupt"])
    #expect(run.output == ["another task", "main was cancelled: CancellationError()"])
    #expect(run.exit == .code(0))
  }
}
