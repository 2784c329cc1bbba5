// compiles, and should not, in plain, inherit, main, both
// The control: without the library the compiler accepts it as well.
nonisolated final class Box { var count = 0 }

@MainActor func program() {
  let box = Box()
  Task { box.count += 1 }
  Task.detached { box.count += 1 }
}
