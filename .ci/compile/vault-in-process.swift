// compiles, and should not, in plain, inherit, main, both
// A limit of Swift 6.3.1 in code of a global actor, for 'Task {}' too (plain-tasks-in-main-actor): the second use
// counts only if the function itself uses the object later (detached-in-process-used-later).
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated final class Vault: Sendable {
  init(_ box: sending Box) {}
}

nonisolated func program() throws {
  try EventLoop.run {
    let box = Box()
    spawn { box.count += 1 }
    _ = Vault(box)
  }
}
