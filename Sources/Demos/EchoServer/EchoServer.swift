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
    let idleTimer = options.idleTimeout.map { IdleTimer(connection, limit: $0) }
    defer { idleTimer?.stop() }
    while let chunk = try await connection.readUnlessServerCloses() {
      idleTimer?.reset()
      try await connection.write(chunk)
      idleTimer?.reset()
      echoed += chunk.count
    }
  }
}
