// refused in plain, inherit, main, both: risks causing data races
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated func program() throws {
  try EventLoop().run {
    let box = Box()
    spawn { box.count += 1 }
    Task { box.count += 1 }
  }
}
