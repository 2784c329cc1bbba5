// compiles in inherit, main, both; refused in plain: sending 'scope' risks causing data races
import EpollLoop

nonisolated final class Box { var count = 0 }

func helper(_ scope: TaskScope, _ box: Box) async throws {
  scope.spawn { box.count += 1 }
}

func program() throws {
  try EventLoop.run {
    let box = Box()
    try await withTaskScope { scope in
      try await helper(scope, box)
      box.count += 1
    }
  }
}
