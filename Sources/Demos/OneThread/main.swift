import EpollLoop
import OneThreadScenario

// The process taken over from a synchronous main.
EventLoop.runMain { finish(try await Scenario.run()) }
