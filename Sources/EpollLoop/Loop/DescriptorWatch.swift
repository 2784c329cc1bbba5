/// A foreign descriptor that the loop watches with callbacks, level-triggered.
///
/// The descriptor stays its owner's, who must call ``cancel()`` before closing it. For sockets and
/// pipes, not for regular files: epoll(7) refuses those, they are always ready.
public final class DescriptorWatch: Sendable {
  private struct State {
    let core: LoopCore
    let registration: Registration
  }

  private let bound: LoopBound<State>

  init(
    _ fd: Int32, _ core: LoopCore, endsWithRun: Bool = true, onReadable: (() -> Void)? = nil,
    onWritable: (() -> Void)? = nil
  ) throws {
    var interest: Readiness = []
    if onReadable != nil { interest.insert(.readable) }
    if onWritable != nil { interest.insert(.writable) }
    let registration: Registration
    do {
      registration = try core.register(fd, for: interest)
    } catch {
      throw IOError(
        .watch, error,
        error == .notPermitted
          ? "descriptor \(fd) is a regular file, which is always ready" : "descriptor \(fd)")
    }
    if let onReadable {
      let callback = Callback(.whileReady(registration, .reading), onReadable)
      callback.endsWithRun = endsWithRun
      registration.reading = .awaited(core.add(callback))
    }
    if let onWritable {
      let callback = Callback(.whileReady(registration, .writing), onWritable)
      callback.endsWithRun = endsWithRun
      registration.writing = .awaited(core.add(callback))
    }
    bound = LoopBound(State(core: core, registration: registration), core)
  }

  /// Ends the watch: no callback is called any more. A second time nothing happens.
  ///
  /// A watch that is dropped goes on until the run ends, which ends all watches.
  public func cancel() {
    bound.check("DescriptorWatch.cancel")
    end()
  }

  /// Ends the watch; also by whoever has just run the loop.
  func end() {
    let state = bound.unchecked
    if case .closed = state.registration.reading { return }
    let latches = [state.registration.reading, state.registration.writing]
    state.registration.reading = .closed
    state.registration.writing = .closed
    state.core.deregister(state.registration)
    // Last: what the callbacks have captured may end with them, and cancel this watch or use the loop.
    for case .awaited(let waiter) in latches { state.core.withdraw(waiter) }
  }
}

extension EventLoop {
  /// Calls back as long as a descriptor is readable or writable. On the loop's thread only.
  ///
  /// A callback is called at most once a tick, again and again until it has taken what is there.
  /// A descriptor can be watched once; the end of the stream and errors count as readable and writable.
  ///
  /// - Parameters:
  ///   - fd: A socket, pipe or the like; it stays the caller's.
  ///   - isolation: The caller's; the loop's own actor.
  ///   - onReadable: Called when a read would not block.
  ///   - onWritable: Called when a write would not block.
  /// - Throws: ``IOError`` if the descriptor is not open, cannot be waited for (a regular file), or
  ///   is watched already.
  public func watch(
    _ fd: Int32, isolation: isolated (any Actor)? = #isolation, onReadable: (() -> Void)? = nil,
    onWritable: (() -> Void)? = nil
  ) throws -> DescriptorWatch {
    check("EventLoop.watch", from: isolation)
    precondition(onReadable != nil || onWritable != nil, "A watch needs a callback for a direction")
    return try DescriptorWatch(
      fd, bound.unchecked, onReadable: onReadable, onWritable: onWritable)
  }
}
