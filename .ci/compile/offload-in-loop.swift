// refused in plain, inherit, main, both: capture of 'box' with non-Sendable type 'Box' in a '@Sendable' closure
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated func program() throws {
  try EventLoop().run { loop in
    let box = Box()
    spawn { box.count += 1 }
    try await offload { box.count += 1 }
  }
}
