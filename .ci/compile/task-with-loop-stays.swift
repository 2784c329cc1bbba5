// compiles in plain, inherit, main, both
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated func program() throws {
  try EventLoop().run { loop in
    let box = Box()
    let one = Task {
      _ = loop
      box.count += 1
    }
    spawn { box.count += 1 }
    await one.value
    box.count += 1
  }
}
