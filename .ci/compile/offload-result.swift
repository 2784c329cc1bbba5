// refused in plain, inherit, main, both: type 'Box' does not conform to the 'Sendable' protocol
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated func program() throws {
  try EventLoop().run { loop in
    let box = try await offload { Box() }
    box.count += 1
  }
}
