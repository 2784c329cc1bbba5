import Testing

/// That a program under EpollLoopMain ends in the same way as without it.
@Suite struct EndingTests {
  @Test(
    arguments: [
      "return", "throw", "throwLate", "exit", "exitLate", "exitInTask", "exitOnThread", "exitInMainQueue", "trap",
      "fatalError", "resumeTwice", "leftTask", "leftGroup", "leakedContinuation", "failedTask",
      "interrupt", "terminate", "brokenPipe", "abort", "exitAtOnce", "closedDescriptors",
    ])
  func `a program ends as on Swift's own executors`(how: String) throws {
    let ours = try Ending(how, takeover: "on")
    let swifts = try Ending(how, takeover: "off")
    #expect(ours == swifts)
    #expect(ours.exit != .code(64))
  }

  /// What is seen of a program's end.
  private struct Ending: Equatable {
    let exit: Program.Exit
    let output: [String]
    /// Without a stack trace: its addresses differ from run to run.
    let message: [String]

    init(_ how: String, takeover: String) throws {
      let settings = ["env", "SWIFT_BACKTRACE=enable=no", "EPOLLLOOP_TAKEOVER=\(takeover)"]
      let program = try Program("existing-program", [how], under: settings)
      output = try program.outputLines()
      message = try program.errorLines().prefix { !$0.hasPrefix("Current stack trace") }.map { $0 }
      exit = try program.wait()
    }
  }
}
