// refused in plain, inherit, main, both: risks causing data races
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated final class Vault: Sendable {
  init(_ box: sending Box) {}
}

nonisolated func program() throws {
  try EventLoop.run {
    let box = Box()
    let one = spawn { box.count += 1 }
    _ = Vault(box)
    try await one.value
    box.count += 1
  }
}
