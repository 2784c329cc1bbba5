import Testing

@Suite struct SyncMainTests {
  @Test func `without descriptors a run is an error, and a later one succeeds`() throws {
    let run = try Program.run("sync-main", ["shortage"])
    let noLoop = "cannot make an event loop: Too many open files"
    let noSignals = "cannot run: Too many open files (signals)"
    let words = ["0: \(noLoop)", "1: \(noLoop)", "2: \(noLoop)", "3: \(noSignals)", "0: \(noSignals)", "1: it has run"]
    #expect(run.output == words)
    #expect(run.error == [])
    #expect(run.exit == .code(0))
  }
}
