extension LoopCore {
  /// Has children that the process forks before the loop's first turn get a loop of their own, fork(2).
  ///
  /// A child shares its parent's descriptors, and an event of the one would be taken by the other. After the first turn
  /// Dispatch is in use, which a forked child cannot use in any program.
  static func prepareForForks() {
    Process.atFork {
      let core = RuntimeTakeover.loop.bound.unchecked
      guard core.awaitsFirstTurn else { return }
      do throws(Errno) {
        try core.replaceDescriptors()
      } catch {
        Process.exit(saying: "\(IOError(.makeLoop, error))")
      }
    }
  }

  /// Replaces what only the loop has: nothing but its own descriptors is watched yet, or it stays as it is.
  private func replaceDescriptors() throws(Errno) {
    guard registrations.count == 0 else { return }
    try poller.replace()
    try alarm.replace()
    try inbox.replaceBell()
    try watchOwn()
  }
}
