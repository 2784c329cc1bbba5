import EpollLoop
import EpollLoopTesting

/// Streams that carry bytes there and back as long as the timers run.
///
/// Connections through the kernel; on a virtual clock pairs in memory, so that two runs are alike.
final class Traffic {
  private static let streams = 4
  private static let messages = [1, 64, 1_500, 20_000]

  private let isVirtual: Bool
  private let pause: Duration
  private var isOver = false
  private var serving: TaskHandle<Void>?
  private var talks: [TaskHandle<Void>] = []
  /// How many messages have come back.
  private(set) var echoes = 0
  private(set) var violation: String?

  init(_ options: Options) {
    isVirtual = options.isVirtual
    pause = max(.milliseconds(1), .nanoseconds(options.spread / 1_000))
  }

  /// Begins: each stream has a task that talks and one that echoes.
  func start() async throws {
    if isVirtual {
      var link = MemoryLink()
      link.latency = pause / 10
      for _ in 0..<Traffic.streams {
        let (near, far) = MemoryStream.pair(link)
        talks.append(spawn { try await self.talk(near) })
        talks.append(spawn { try await self.echo(far) })
      }
    } else {
      let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
      serving = spawn {
        try await listener.serve { connection in try await self.echo(connection) }
      }
      for _ in 0..<Traffic.streams {
        let connection = try await Connection.tcp(to: listener.localAddress)
        talks.append(spawn { try await self.talk(connection) })
      }
    }
  }

  /// Lets the streams come to their ends.
  func stop() async throws {
    isOver = true
    for talk in talks { try await talk.value }
    serving?.cancel()
    do { try await serving?.value } catch is CancellationError {}
  }

  private func echo(_ stream: some ByteStream) async throws {
    while let chunk = try await stream.read() { try await stream.write(Array(chunk)) }
    await stream.close()
  }

  private func talk(_ stream: some ByteStream) async throws {
    while !isOver {
      let count = Traffic.messages[echoes % Traffic.messages.count]
      let message = (0..<count).map { UInt8(truncatingIfNeeded: $0 &+ echoes) }
      try await stream.write(message)
      var answer: [UInt8] = []
      while answer.count < count, let chunk = try await stream.read() { answer += chunk }
      if answer != message { violation = "a message of \(count) bytes came back changed" }
      echoes += 1
      try await sleep(for: pause)
    }
    try await stream.finish()
    while try await stream.read() != nil {}
    await stream.close()
  }
}
