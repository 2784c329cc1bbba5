import Testing

/// That Swift's concurrency keeps its promises on the loop. `EPOLLLOOP_TAKEOVER=off` shows the same on Swift's own
/// executors; it is no test, since what several threads do there is up to them.
@Suite struct RuntimeTourTests {
  @Test func `Swift's concurrency works as documented`() throws {
    let names = try Program.run("runtime-tour").output
    #expect(names.count > 30)
    for name in names {
      let program = try Program("runtime-tour", [name])
      #expect(try program.outputLines() == ["passed"], "\(name)")
      #expect(try program.errorLines() == [], "\(name)")
      #expect(try program.wait() == .code(0), "\(name)")
    }
  }
}
