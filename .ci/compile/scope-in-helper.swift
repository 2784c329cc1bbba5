// compiles in plain, inherit, main, both
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated(nonsending) func helper(_ scope: TaskScope, _ box: Box) async throws {
  scope.spawn { box.count += 1 }
  let port = try await scope.start { (ready: ReadySignal<Int>) in ready(box.count) }
  _ = port
}

func isolatedHelper(_ scope: TaskScope, _ box: Box, isolation: isolated (any Actor)? = #isolation) async {
  scope.spawn {
    _ = isolation
    box.count += 1
  }
}

func synchronousHelper(_ scope: TaskScope, _ box: Box, isolation: isolated (any Actor)? = #isolation) {
  scope.spawn { box.count += 1 }
}

nonisolated func program() throws {
  try EventLoop().run { loop in
    let box = Box()
    try await withTaskScope { scope in
      try await helper(scope, box)
      await isolatedHelper(scope, box)
      synchronousHelper(scope, box)
      box.count += 1
    }
  }
}
