import Testing

@Suite struct AsyncioTourTests {
  @Test func `all examples keep what they promise`() throws {
    let (exit, output, error) = try Program.run("asyncio-tour", ["--check"])
    #expect(exit == .code(0))
    #expect(!error.contains { $0.contains("asyncio-tour") })
    #expect(output.last?.hasSuffix("checks, all kept") == true)
    for name in try examples() { #expect(output.contains { $0.hasPrefix("\(name): ") }) }
  }

  @Test func `one example can be shown alone`() throws {
    let (exit, output, error) = try Program.run("asyncio-tour", ["--check", "say-after"])
    #expect(exit == .code(0))
    #expect(error == [])
    let words = output.map { $0.split(separator: "  ").last.map(String.init) ?? "" }
    #expect(
      words == [
        "say-after: one after the other, then both at once", "one after the other", "hello", "world", "both at once",
        "hello", "world", "4 checks, all kept",
      ])
  }

  @Test func `progress goes to standard error and ends its line`() throws {
    let (exit, output, error) = try Program.run("asyncio-tour", ["--check", "progress"])
    #expect(exit == .code(0))
    #expect(output.last == "1 check, all kept")
    #expect(error.first == "the one in the middle has ended")
    #expect(error.last?.hasPrefix("working: 100% 1000/1000 tasks [") == true)
  }

  @Test func `help is printed, names the examples, and is no error`() throws {
    let (exit, output, error) = try Program.run("asyncio-tour", ["--help"])
    #expect(exit == .code(0))
    #expect(error == [])
    for word in try examples() + ["--check", "--help"] { #expect(output.contains { $0.contains("  \(word) ") }) }
  }

  @Test(arguments: [["--frobnicate"], ["stray"], ["--check", "-x"], ["say-after", ""]])
  func `a mistake is one line on standard error and exit 64`(arguments: [String]) throws {
    let (exit, output, error) = try Program.run("asyncio-tour", arguments)
    #expect(exit == .code(64))
    #expect(output == [])
    #expect(error.count == 1)
    #expect(error.first?.contains("'\(arguments.last ?? "")'") == true)
  }

  /// The examples' names, as help lists them.
  private func examples() throws -> [String] {
    let help = try Program.run("asyncio-tour", ["--help"]).output
    let names = help.filter { $0.hasPrefix("  ") && !$0.hasPrefix("  --") }.compactMap {
      $0.split(separator: " ").first
    }
    try #require(names.count >= 5)
    return names.map(String.init)
  }
}
