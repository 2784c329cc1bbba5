// refused in plain, inherit, main, both: risks causing data races
import EpollLoop

nonisolated final class Box { var count = 0 }

@MainActor let held = Box()

nonisolated func program() throws -> Box {
  try EventLoop.run { held }
}
