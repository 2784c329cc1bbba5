import EpollLoop
import EpollLoopTesting
import Testing

/// The streams that there are.
enum StreamKind: String, CaseIterable, Codable {
  case tcp, memory, slowMemory

  /// Runs a body that makes pairs of them, on a fresh loop.
  func run(_ body: @escaping (ByteStreamCheck.MakePair) async throws -> Void) async throws {
    switch self {
    case .tcp:
      // In real time: the virtual clock would not wait for the timers of TCP.
      try await runOnSockets(clock: .kernel) { sockets in
        try await withTimeout(.seconds(60)) {
          try await body {
            let (client, server) = try await sockets.pair()
            return (client, server)
          }
        }
      }
    case .memory:
      try await runOnLoop { try await body { MemoryStream.pair() } }
    case .slowMemory:
      try await runOnLoop {
        let link = MemoryLink(capacity: 300_000, pieces: 100...5000, seed: 7)
        try await body { MemoryStream.pair(link) }
      }
    }
  }
}

@Suite struct ByteStreamTests {
  @Test(arguments: StreamKind.allCases, ByteStreamCheck.all)
  func `a byte stream keeps its contract`(kind: StreamKind, check: ByteStreamCheck) async throws {
    try await kind.run { try await check.run(on: $0) }
  }

  @Test(arguments: StreamKind.allCases) func `a stream of any kind is a sequence of chunks`(kind: StreamKind)
    async throws
  {
    try await kind.run { pair in
      let (left, right) = try await pair()
      try await left.write("chunks")
      try await left.finish()
      var bytes: [UInt8] = []
      for try await chunk in right { bytes += chunk }
      #expect(bytes == Array("chunks".utf8))
      _ = try await gather({ await left.close() }, { await right.close() })
    }
  }

  @Test(arguments: StreamKind.allCases) func `two readers of one stream trap`(kind: StreamKind) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [kind] in
      try await kind.run { pair in
        let (stream, peer) = try await pair()
        for reader in spawn(over: 0..<2, { _ in try await stream.read() }) { _ = try await reader.value }
        await peer.close()
      }
    }
    #expect(names("Only one task may read", result))
  }

  @Test(arguments: StreamKind.allCases) func `a read of no byte traps`(kind: StreamKind) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { [kind] in
      try await kind.run { pair in _ = try await pair().0.read(upTo: 0) }
    }
    #expect(names("A read returns at least one byte", result))
  }
}
