// compiles, and should not, in plain, inherit, main, both
// A task holds an element's place over a wait while another one replaces the array. A limit of Swift 6.3.1, with
// plain tasks of an actor too (plain-tasks-over-a-place).
import EpollLoop

nonisolated(nonsending) func late(_ number: inout Int) async {
  let old = number
  await yield()
  number = old + 1
}

nonisolated func program() throws {
  try EventLoop().run { loop in
    var numbers = [1, 2, 3]
    spawn { await late(&numbers[0]) }
    spawn { numbers = [] }
  }
}
