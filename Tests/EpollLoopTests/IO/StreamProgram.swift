import EpollLoop
import EpollLoopTesting

/// A random program on one connection, or one pair in memory.
///
/// Every choice comes from its seed. It ends by itself: both ends are closed, and all tasks have ended.
final class StreamProgram {
  private var numbers: SeededGenerator
  /// Whether readers stop somewhere, and closes come while writes wait.
  private let isRude: Bool
  private var parts: [StreamPart] = []
  /// Those that end by themselves if the program is not rude.
  private var writers: [StreamPart] = []
  /// The first reader of each end.
  private var readers: [String: StreamPart] = [:]

  init(_ seed: UInt64) {
    numbers = SeededGenerator(seed: seed)
    isRude = Int.random(in: 0..<3, using: &numbers) == 0
  }

  /// Runs it on real sockets, and returns what its two ends have seen.
  func run(on sockets: Sockets) async throws -> [StreamCounts] {
    let (client, server) = try await sockets.pair(client: connectionOptions(), server: listenerOptions())
    return try await run(client, server)
  }

  /// Runs it in memory, and returns what its two ends have seen.
  func runInMemory() async throws -> [StreamCounts] {
    var link = MemoryLink()
    link.capacity = [1000, 10_000, 65_536, 300_000].randomElement(using: &numbers) ?? 0
    link.pieces = [1...65_536, 1...5000, 500...500].randomElement(using: &numbers) ?? 1...1
    link.latency = .milliseconds([0, 0, 1, 30].randomElement(using: &numbers) ?? 0)
    link.bytesPerSecond = [nil, nil, 2_000_000].randomElement(using: &numbers) ?? nil
    link.seed = numbers.next()
    let (client, server) = MemoryStream.pair(link)
    return try await run(client, server)
  }

  private func run(_ client: any ByteStream, _ server: any ByteStream) async throws -> [StreamCounts] {
    let (there, back) = (StreamDirection(), StreamDirection())
    let ends = [
      StreamEnd("client", client, outgoing: there, incoming: back),
      StreamEnd("server", server, outgoing: back, incoming: there),
    ]
    ends[0].peer = ends[1]
    ends[1].peer = ends[0]
    for end in ends.shuffled(using: &numbers) { await startParts(of: end) }
    for part in parts where chance(5) { await start { [numbers = fork()] in await $0.cancel(part, numbers) } }
    try await finish(ends.shuffled(using: &numbers))
    for part in parts { try await part.wait() }
    try there.check()
    try back.check()
    return ends.map(\.counts)
  }

  private func startParts(of end: StreamEnd) async {
    enum Kind { case writer, reader, finisher, closer, breaker }
    var kinds = [Kind](repeating: .writer, count: number(0...3)) + [.reader]
    if chance(3) { kinds.append(.finisher) }
    if chance(6) { kinds.append(.closer) }
    if chance(10) { kinds.append(.closer) }
    if chance(15) { kinds.append(.breaker) }
    for kind in kinds.shuffled(using: &numbers) {
      let (numbers, limit) = (fork(), number(0...100_000))
      let part =
        switch kind {
        case .writer: await start { try await end.write(numbers, $0) }
        case .reader: await start { try await end.read(numbers, upTo: limit, $0) }
        case .finisher: await start { try await end.finish(after: numbers, $0) }
        case .closer: await start { await end.close(after: numbers, $0) }
        case .breaker: await start { _ in await end.abort(after: numbers) }
        }
      switch kind {
      case .writer, .finisher: writers.append(part)
      case .reader: readers[end.name] = part
      case .closer, .breaker: break
      }
    }
  }

  @discardableResult
  private func start(_ body: @escaping (StreamPart) async throws -> Void) async -> StreamPart {
    let part = StreamPart()
    await part.start(body)
    parts.append(part)
    return part
  }

  /// Brings both ends to their ends: politely, so that all is read; or at once.
  private func finish(_ ends: [StreamEnd]) async throws {
    if isRude {
      await pause(&numbers)
    } else {
      let last = spawn(over: ends.map { (end: $0, numbers: fork(), first: readers[$0.name]) }) { end, numbers, first in
        // One reader at a time.
        try await first?.wait()
        try await end.read(numbers, upTo: .max, StreamPart())
      }
      for writer in writers { try await writer.wait() }
      for end in ends { try await end.finish(after: nil, StreamPart()) }
      for reader in last { try await reader.value }
    }
    _ = try await gather(over: ends) { await $0.close(after: nil, StreamPart()) }
  }

  private func connectionOptions() -> ConnectionOptions {
    var options = ConnectionOptions()
    options.sendBufferBytes = [nil, 4096, 60_000].randomElement(using: &numbers) ?? nil
    options.receiveBufferBytes = [nil, 4096, 8192].randomElement(using: &numbers) ?? nil
    return options
  }

  private func listenerOptions() -> ListenerOptions {
    var options = ListenerOptions()
    options.connection = connectionOptions()
    return options
  }

  private func fork() -> SeededGenerator { SeededGenerator(seed: numbers.next()) }
  private func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &numbers) }
  private func chance(_ oneIn: Int) -> Bool { number(1...oneIn) == 1 }
}
