import Testing

@Suite struct TimerStressTests {
  /// Small enough for a debug build.
  private static let small = ["--timers", "3000", "--spread", "50ms"]

  @Test func `help is printed and is no error`() throws {
    let (exit, output, error) = try Program.run("timer-stress", ["--help"])
    #expect(exit == .code(0))
    #expect(error == [])
    let options = [
      "--timers", "--seed", "--cancel-fraction", "--spread", "--virtual", "--json", "--check", "--help",
    ]
    for option in options { #expect(output.contains { $0.contains(option) }) }
  }

  @Test(arguments: [
    ["--frobnicate"], ["stray"], ["--timers"], ["--timers", "0"], ["--timers", "-1"], ["--timers", "many"],
    ["--seed", "-1"], ["--seed", "x"], ["--seed"], ["--cancel-fraction", "1.5"], ["--cancel-fraction", "nan"],
    ["--cancel-fraction", "-0.1"], ["--spread", "100"], ["--spread", "ms"], ["--spread", "-1ms"], ["--spread", "infs"],
    ["--spread", "1h"], ["--spread"],
  ])
  func `a mistake is one line on standard error and exit 64`(arguments: [String]) throws {
    let (exit, output, error) = try Program.run("timer-stress", arguments)
    #expect(exit == .code(64))
    #expect(output == [])
    #expect(error.count == 1)
    #expect(error.first?.contains(arguments.last ?? "") == true)
  }

  @Test func `a run on the kernel's clock finds nothing wrong`() throws {
    let (exit, output, error) = try Program.run("timer-stress", Self.small)
    #expect(exit == .code(0))
    #expect(error == [])
    for word in ["3000 timers", "p50", "p99", "max", "ns an operation", "peak memory"] {
      #expect(output.contains { $0.contains(word) })
    }
    #expect(!output.contains { $0.contains("digest") })
  }

  @Test func `two virtual runs of one seed print the same digest, and another seed another`() throws {
    func digest(_ seed: String) throws -> String? {
      let (exit, output, _) = try Program.run("timer-stress", Self.small + ["--virtual", "--seed", seed])
      #expect(exit == .code(0))
      return output.first { $0.hasPrefix("digest: ") }
    }
    let first = try digest("7")
    #expect(first != nil)
    #expect(try digest("7") == first)
    #expect(try digest("8") != first)
  }

  @Test(arguments: ["0", "1"])
  func `none or all of them cancelled`(fraction: String) throws {
    let (exit, output, error) = try Program.run(
      "timer-stress", Self.small + ["--virtual", "--cancel-fraction", fraction])
    #expect(exit == .code(0))
    #expect(error == [])
    #expect(output.contains { $0.contains(" 0 cancelled") } == (fraction == "0"))
  }

  @Test func `the check runs both clocks and is satisfied`() throws {
    let (exit, output, error) = try Program.run("timer-stress", ["--check"] + Self.small)
    #expect(exit == .code(0))
    #expect(error == [])
    let digests = output.filter { $0.hasPrefix("digest: ") }
    #expect(digests.count == 2)
    #expect(Set(digests).count == 1)
    #expect(output.contains { $0.contains("kernel clock") })
  }

  @Test(.enabled(if: has("python3"), "needs python3"), arguments: [[], ["--virtual"]])
  func `its JSON is one object that others can read`(clock: [String]) throws {
    let (exit, output, _) = try Program.run("timer-stress", Self.small + clock + ["--json"])
    #expect(exit == .code(0))
    #expect(output.count == 1)
    let check = """
      import json, sys
      run = json.loads(sys.argv[1])
      assert run["timers"] == 3000 and run["fired"] > 0 and run["cancelled"] > 0 and run["moved"] > 0
      assert run["lateness_p50_ns"] <= run["lateness_p99_ns"] <= run["lateness_max_ns"]
      assert run["cpu_ns_per_operation"] > 0 and run["peak_memory_kib"] > 0
      assert (run["clock"] == "virtual") == (run["digest"] is not None)
      """
    let python = try Program.run("/usr/bin/env", ["python3", "-c", check, output.first ?? ""])
    #expect(python.exit == .code(0), "\(python.error)")
  }
}
