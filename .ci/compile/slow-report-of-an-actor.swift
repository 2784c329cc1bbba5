// compiles, and should not, in plain, inherit, main, both
// Traps at run time: 'reportSlowTasks' was called by an actor that is not the loop's.
import EpollLoop

actor Reporter {
  var count = 0
  func start() {
    EventLoop.current.reportSlowTasks(over: .milliseconds(1)) { _ in self.count += 1 }
  }
}
