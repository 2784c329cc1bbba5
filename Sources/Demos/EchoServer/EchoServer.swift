import EpollLoop

/// Sends every byte back to where it came from, and counts.
@MainActor
final class EchoServer {
  private let options: Options
  private let listener: Listener
  private let start = EventLoop.current.now
  private var connections = 0
  private var bytes = 0

  init(_ options: Options) throws {
    self.options = options
    listener = try Listener.tcp(host: options.host, port: options.port)
  }

  /// Where it listens.
  var address: SocketAddress { listener.localAddress }

  /// Serves until it is cancelled. Then idle connections end at once, and busy ones may within the grace period.
  func serve() async {
    do {
      try await listener.serve(maximumConnections: options.maximumConnections, grace: options.grace) {
        try await self.echo($0)
      }
    } catch {
      // Cancelled: that is how it ends.
    }
  }

  /// What it has done, in one line.
  var summary: String {
    let seconds = EventLoop.current.now - start
    return "served \(connections) connections, \(bytes) bytes, in \(seconds)"
  }

  private func echo(_ connection: Connection) async throws {
    connections += 1
    var echoed = 0
    defer { bytes += echoed }
    let watchdog = options.idleTimeout.map { Watchdog($0) { connection.abort() } }
    defer { watchdog?.stop() }
    while let chunk = try await connection.readUnlessServerCloses() {
      watchdog?.reset()
      try await connection.write(chunk)
      watchdog?.reset()
      echoed += chunk.count
    }
  }
}

/// Calls a function once nothing has happened for a while: one timer, however much happens.
@MainActor
final class Watchdog {
  private let limit: Duration
  private let bark: () -> Void
  private var last = EventLoop.current.now
  private var timer: Scheduled?

  init(_ limit: Duration, _ bark: @escaping () -> Void) {
    self.limit = limit
    self.bark = bark
    schedule()
  }

  /// Something has happened.
  func reset() {
    last = EventLoop.current.now
  }

  /// Nothing is to be watched any more.
  func stop() {
    timer?.cancel()
  }

  private func schedule() {
    timer = EventLoop.current.schedule(at: last + limit) { [weak self] in
      guard let self else { return }
      if EventLoop.current.now >= last + limit { bark() } else { schedule() }
    }
  }
}
