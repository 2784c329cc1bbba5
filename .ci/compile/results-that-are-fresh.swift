// compiles in plain, inherit, main, both
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated func process() throws -> Box {
  try EventLoop.run { Box() }
}

nonisolated func loop() throws -> Box {
  try EventLoop().run { loop in Box() }
}

nonisolated func thread() async throws -> Box {
  let box = try await withLoop { loop in Box() }
  box.count += 1
  return box
}
