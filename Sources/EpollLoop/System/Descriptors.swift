import CEpollShim

/// An eventfd(2): what other threads write to wake a loop that sleeps in the kernel.
///
/// It is watched edge-triggered: every write is an edge, so nobody ever needs to read it.
struct WakeDescriptor: ~Copyable {
  private let descriptor: FileDescriptor

  init() throws(Errno) {
    descriptor = FileDescriptor(owning: try Errno.check(cepoll_event_create()))
  }

  /// The descriptor's number, to be watched.
  var number: Int32 { descriptor.number }

  /// Makes the number another descriptor's.
  func replace() throws(Errno) { _ = try Errno.check(cepoll_fd_replace(descriptor.number, cepoll_event_create())) }

  /// Wakes the loop; from any thread. A counter that is full counts as signalled.
  func signal() {
    let result = cepoll_event_signal(descriptor.number)
    precondition(result >= 0, "eventfd write failed: \(Errno(rawValue: -result))")
  }
}

/// A timerfd(2): one alarm at an absolute instant.
///
/// It is watched edge-triggered: every expiry is an edge, so nobody ever needs to read it.
struct AlarmDescriptor: ~Copyable {
  private let descriptor: FileDescriptor

  init() throws(Errno) {
    descriptor = FileDescriptor(owning: try Errno.check(cepoll_timer_create()))
  }

  /// The descriptor's number, to be watched.
  var number: Int32 { descriptor.number }

  /// Makes the number another descriptor's, which is not set.
  func replace() throws(Errno) { _ = try Errno.check(cepoll_fd_replace(descriptor.number, cepoll_timer_create())) }

  /// Sets the alarm; an instant that has passed rings at once. One `timerfd_settime(2)`.
  func arm(at instant: Instant) {
    // Zero would disarm it: timerfd_settime(2).
    let result = cepoll_timer_arm(descriptor.number, max(1, instant.nanoseconds))
    precondition(result >= 0, "timerfd_settime failed: \(Errno(rawValue: -result))")
  }
}
