import EpollLoopMain
import OneThreadScenario

/// The process taken over before an asynchronous main: importing EpollLoopMain is all it takes.
@main
struct OneThreadMain {
  static func main() async throws {
    finish(try await Scenario.run())
  }
}
