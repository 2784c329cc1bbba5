// compiles, and should not, in plain, inherit, main, both
// Traps at run time: 'spawn' was called by code that is isolated to no actor.
import EpollLoop

actor Counter {
  var count = 0
  func start() { later { self.count += 1 } }
}

nonisolated func later(_ body: @escaping () -> Void) {
  spawn { body() }
}
