extension EventLoop {
  /// Writes the loop's tasks to standard error each time that a signal comes, until the run ends.
  ///
  /// The signal is taken from the process while this lasts, and so does not end it. Whatever else takes the signal,
  /// such as another loop, gets it as well. A signal that the process ignores stays ignored. On the loop's thread only.
  ///
  /// - Parameter signal: Which; SIGUSR1 unless given.
  /// - Returns: The task that does it; cancel it to give the signal back.
  /// - Throws: ``IOError`` if there is no descriptor for it, or it cannot be taken: SIGKILL, SIGSTOP and the signals
  ///   of faults, such as SIGSEGV.
  @discardableResult
  public func printTasks(on signal: Signal = .user1) throws -> TaskHandle<Void> {
    let core = bound.open("EventLoop.printTasks")
    do throws(Errno) {
      let source = try SignalSource([signal])
      let registration = try core.register(source.number, for: [.readable, .edgeTriggered])
      let printer = SpawnedTask.unawaited(name: "task printer")
      printer.setLocation(#fileID, #line)
      // If it is cancelled at once, it runs all the same: the registration is its own to end.
      printer.start(skipsIfCancelled: false, isolation: nil) {
        defer { withExtendedLifetime(source) { core.deregister(registration) } }
        while true {
          // Before the signals are taken: one that comes after them is reported again.
          registration.reading = .idle
          if source.next() != nil {
            while source.next() != nil {}
            StandardError.write(core.face.taskList)
          }
          let wake = await core.park(for: "a signal") { registration.reading = .awaited($0) }
          if wake != .ready { return }
        }
      }
      return TaskHandle(printer)
    } catch {
      throw IOError(.watch, error, "signal \(signal.rawValue)")
    }
  }

  /// The loop's tasks as lines of text.
  var taskList: String {
    let tasks = tasks
    return "EpollLoop: \(tasks.count) tasks\n" + tasks.map { "  \($0)\n" }.joined()
  }
}
