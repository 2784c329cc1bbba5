import Testing

/// That Swift's concurrency keeps its promises on the loop, as it does on its own executors.
@Suite struct RuntimeTourTests {
  @Test(arguments: ["on", "off"])
  func `Swift's concurrency works as documented`(takeover: String) throws {
    let names = try Program.run("runtime-tour").output
    #expect(names.count > 30)
    for name in names {
      let program = try Program("runtime-tour", [name], under: ["env", "EPOLLLOOP_TAKEOVER=\(takeover)"])
      #expect(try program.outputLines() == ["passed"], "\(name)")
      #expect(try program.errorLines() == [], "\(name)")
      #expect(try program.wait() == .code(0), "\(name)")
    }
  }
}
