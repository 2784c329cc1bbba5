// refused in plain, inherit, main, both: capture of 'box' with non-Sendable type 'Box' in a '@Sendable' closure
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated func program() throws {
  let box = Box()
  try EventLoop().run { loop in box.count += 1 }
}
