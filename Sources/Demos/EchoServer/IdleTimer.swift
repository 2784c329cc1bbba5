import EpollLoop

/// Breaks a connection off once there has been no traffic for a while: one timer, however much happens.
///
/// Traffic is a read, a write that ends, or progress of the bytes that are on their way to the peer: a write can wait for
/// long although the peer reads steadily, since the kernel makes room in large pieces. So the timer looks several times
/// within the limit, and a connection is broken off at most a quarter of it late.
@MainActor
final class IdleTimer {
  private let connection: Connection
  private let limit: Duration
  private var lastTraffic = EventLoop.current.now
  private var unacknowledged = 0
  private var timer: Scheduled?

  init(_ connection: Connection, limit: Duration) {
    self.connection = connection
    self.limit = limit
    schedule()
  }

  /// Says that there was traffic.
  func reset() {
    lastTraffic = EventLoop.current.now
  }

  /// Ends the timer.
  func stop() {
    timer?.cancel()
  }

  private func schedule() {
    let now = EventLoop.current.now
    let next = min(lastTraffic + limit, now + limit / 4)
    timer = EventLoop.current.schedule(at: next) { [weak self] in self?.look() }
  }

  private func look() {
    let count = connection.unacknowledgedByteCount
    if count != unacknowledged { reset() }
    unacknowledged = count
    if EventLoop.current.now >= lastTraffic + limit { connection.abort() } else { schedule() }
  }
}
