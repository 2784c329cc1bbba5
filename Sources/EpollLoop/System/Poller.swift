import CEpollShim

/// What may happen to a watched descriptor, as in epoll_ctl(2).
struct Readiness: OptionSet, Sendable {
  let rawValue: UInt32

  /// There is something to read, or to accept.
  static let readable = Readiness(rawValue: cepoll_in)
  /// There is room to write, or the connect has ended.
  static let writable = Readiness(rawValue: cepoll_out)
  /// Urgent data stands in the stream (tcp(7), "Out-of-band").
  static let urgent = Readiness(rawValue: cepoll_priority)
  /// The descriptor has an error pending.
  static let failed = Readiness(rawValue: cepoll_error)
  /// Both directions have ended.
  static let hungUp = Readiness(rawValue: cepoll_hang_up)
  /// The peer has ended its direction.
  static let readEnded = Readiness(rawValue: cepoll_read_hang_up)
  /// Only changes are reported.
  static let edgeTriggered = Readiness(rawValue: cepoll_edge_triggered)

  /// What every stream is registered for, once and for its whole life.
  static let stream: Readiness = [.readable, .writable, .readEnded, .urgent, .edgeTriggered]
}

/// An epoll(7) instance and the buffer for its answers.
struct Poller: ~Copyable {
  /// How many events one `wait` can bring; the rest comes with the next.
  static let batch = 1024

  private let descriptor: FileDescriptor
  private let events: UnsafeMutablePointer<epoll_event>

  init() throws(Errno) {
    descriptor = FileDescriptor(owning: try Errno.check(cepoll_create()))
    events = .allocate(capacity: Poller.batch)
  }

  deinit {
    events.deallocate()
  }

  /// The instance's own descriptor, which is readable when there are events.
  var number: Int32 { descriptor.number }

  /// Makes the number another instance's, which watches nothing.
  func replace() throws(Errno) { _ = try Errno.check(cepoll_fd_replace(descriptor.number, cepoll_create())) }

  /// Starts watching a descriptor: one `epoll_ctl(2)`.
  func add(_ fd: Int32, for readiness: Readiness, token: UInt64) throws(Errno) {
    _ = try Errno.check(cepoll_add(descriptor.number, fd, readiness.rawValue, token))
  }

  /// Changes what a descriptor is watched for.
  func modify(_ fd: Int32, for readiness: Readiness, token: UInt64) throws(Errno) {
    _ = try Errno.check(cepoll_modify(descriptor.number, fd, readiness.rawValue, token))
  }

  /// Stops watching a descriptor. Must come before its close, or a duplicate keeps it alive here.
  func delete(_ fd: Int32) throws(Errno) {
    _ = try Errno.check(cepoll_delete(descriptor.number, fd))
  }

  /// Waits for events for a time, -1 for no limit, and calls `body` with each.
  ///
  /// An interrupted wait (EINTR) brings no events; the caller's next tick waits again.
  @inline(__always)
  func wait(milliseconds: Int32, _ body: (_ token: UInt64, _ readiness: Readiness) -> Void) {
    let count = cepoll_wait(descriptor.number, events, Int32(Poller.batch), milliseconds)
    if count < 0 {
      precondition(count == -Errno.interrupted.rawValue, "epoll_wait failed: \(Errno(rawValue: -count))")
      return
    }
    for index in 0..<Int(count) {
      let event = events + index
      body(cepoll_event_token(event), Readiness(rawValue: cepoll_event_flags(event)))
    }
  }
}
