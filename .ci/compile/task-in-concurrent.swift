// compiles, and should not, in plain, inherit, main, both
// Traps at run time: 'spawn' was called by code that is isolated to no actor.
import EpollLoop

nonisolated final class Box { var count = 0 }

@concurrent nonisolated func helper() async throws {
  let box = Box()
  spawn { box.count += 1 }
  Task { box.count += 1 }
}
