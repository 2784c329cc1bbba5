import EpollLoop
import OneThreadScenario

// The process taken over from a synchronous main.
finish(try EventLoop.run { try await Scenario.run() })
