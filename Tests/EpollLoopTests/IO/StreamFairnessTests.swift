import Testing

@testable import EpollLoop

@Suite struct StreamFairnessTests {
  @Test func `a reader that always finds bytes gives way after so many operations`() async throws {
    try await runOnSockets { sockets in
      let (peer, connection) = try await sockets.rawPair()
      let count = LoopCore.operationsPerTurn * 20
      try peer.send(pattern(count))
      try await settle()
      let before = EventLoop.current.statistics.turns
      for _ in 0..<count { _ = try await connection.read(upTo: 1) }
      #expect(EventLoop.current.statistics.turns - before >= 20)
    }
  }

  @Test func `two readers that always find bytes take turns`() async throws {
    try await runOnSockets { sockets in
      let (first, one) = try await sockets.rawPair()
      let (second, two) = try await sockets.rawPair()
      let count = LoopCore.operationsPerTurn * 20
      try first.send(pattern(count))
      try second.send(pattern(count))
      try await settle()
      var read = [0, 0]
      var apart = 0
      _ = try await gather(over: [one, two].enumerated()) { number, connection in
        for _ in 0..<count {
          _ = try await connection.read(upTo: 1)
          read[number] += 1
          if read[1 - number] < count { apart = max(apart, abs(read[0] - read[1])) }
        }
      }
      #expect(read == [count, count])
      #expect(apart <= LoopCore.operationsPerTurn + 1)
    }
  }

  @Test func `a socket that is always ready does not starve its neighbour`() async throws {
    try await runOnSockets { sockets in
      let (busyPeer, busy) = try await sockets.rawPair()
      let (quietPeer, quiet) = try await sockets.rawPair()
      try busyPeer.send(pattern(100_000))
      var operations = 0
      var operationsBefore: Int?
      let ping = spawn {
        _ = try await quiet.read()
        operationsBefore = operations
      }
      try await settle()
      try quietPeer.send("ping")
      let hog = spawn {
        while operationsBefore == nil, try await busy.read(upTo: 1) != nil { operations += 1 }
      }
      try await ping.value
      try await hog.value
      let bound = LoopCore.operationsPerTurn * (LoopCore.turnsPerLook + 2)
      #expect(operationsBefore.map { $0 <= bound } == true)
    }
  }

  @Test func `a writer that always finds room gives way too`() async throws {
    try await runOnSockets { sockets in
      let (client, server) = try await sockets.pair()
      var writes = 0
      var isStopped = false
      let writer = spawn {
        while !isStopped {
          try await client.write("x")
          writes += 1
        }
      }
      var seen: [Int] = []
      for _ in 0..<10 {
        await yield()
        seen.append(writes)
      }
      isStopped = true
      for (earlier, later) in zip(seen, seen.dropFirst()) { #expect(later - earlier <= LoopCore.operationsPerTurn + 1) }
      try await writer.value
      client.abort()
      server.abort()
    }
  }

  @Test func `accepting many at once lets others run in between`() async throws {
    try await runOnSockets { sockets in
      let listener = try sockets.listen()
      let peers = try (0..<LoopCore.operationsPerTurn * 4).map { _ in
        try RawSocket(connectingTo: listener.localAddress)
      }
      try await settle()
      var accepted = 0
      let accepting = spawn {
        for _ in peers {
          _ = try await sockets.accept(from: listener)
          accepted += 1
        }
      }
      var most = 0
      while !accepting.isDone {
        let before = accepted
        await yield()
        most = max(most, accepted - before)
      }
      #expect(accepted == peers.count)
      #expect(most <= LoopCore.operationsPerTurn + 1)
      listener.close()
    }
  }
}
