// refused in plain, inherit, main, both: capture of 'box' with non-Sendable type 'Box' in a '@Sendable' closure
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated(nonsending) func helper() async throws {
  let box = Box()
  spawn { box.count += 1 }
  try await withLoop { other in box.count += 1 }
}
