import EpollLoop

// Writes, their order, and their cancellation.
extension ByteStreamCheck {
  static let writing = [
    ByteStreamCheck("whatever kind of bytes is written arrives in order", writesAllKinds),
    ByteStreamCheck("an empty write sends nothing, and fails where a write would", emptyWrites),
    ByteStreamCheck("a write waits as long as the peer does not read, and goes on when it does", writeWaits),
    ByteStreamCheck("writes go out whole and in the order of the calls", writesAreFIFO),
    ByteStreamCheck("a write that is cut short by cancellation says how many bytes have gone", cancelledWriteCounts),
    ByteStreamCheck("a write that is cancelled before its turn has sent nothing", cancelledBeforeItsTurn),
    ByteStreamCheck("a write of a cancelled task goes out if it need not wait", cancelledTaskWrites),
  ]

  private static func writesAllKinds(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let text = "äöü€ \u{1F600}"
    let bytes = pattern(1000)
    let writer = spawn {
      try await left.write(text)
      try await left.write(text.dropFirst(2))
      try await left.write(bytes)
      try await left.write(bytes[10..<20])
      try await left.write(Chunk(bytes).dropFirst(990))
      try await left.write(ContiguousArray(bytes))
      try await left.write(bytes.lazy.map { ~$0 })
      try await left.write(text.utf8.reversed())
      try await left.write(CollectionOfOne(7))
      try await left.finish()
    }
    let parts: [[UInt8]] = [
      Array(text.utf8), Array(text.dropFirst(2).utf8), bytes, Array(bytes[10..<20]), Array(bytes[990...]), bytes,
      bytes.map { ~$0 }, text.utf8.reversed(), [7],
    ]
    try expect(try await readAll(right), are: Array(parts.joined()), "what was read")
    try await writer.value
    try await close(left, right)
  }

  private static func emptyWrites(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    try await left.write([])
    try await left.write("")
    try await left.write(Chunk([]))
    try await left.finish()
    let finished = StreamOutcome.failure(.brokenPipe, written: 0)
    try expect(await outcome { try await left.write([]) }, is: finished, "an empty write after the half-close")
    try expect(await outcome { try await left.write(Chunk([])) }, is: finished, "an empty chunk after the half-close")
    try expect(try await right.read() == nil, "an empty write has sent something")
    try await close(left, right)
    try expect(await outcome { try await left.write("") }, is: .closed(written: 0), "an empty write after the close")
  }

  private static func writeWaits(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writer = spawn {
      try await left.write(tooMany)
      try await left.finish()
    }
    await settle()
    try expect(!writer.isDone, "a write has ended although the peer reads nothing")
    try expect(try await readAll(right), are: tooMany, "what was read")
    try await writer.value
    try await close(left, right)
  }

  private static func writesAreFIFO(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    // Each write is woken, and writes again, while others wait: the new one must not overtake them.
    let sizes = [200_000, 1, 3000, 150_000, 7, 100_000]
    var order: [UInt8] = []
    let writers = spawn(over: sizes.indices) { index in
      for round in 0..<3 {
        let value = UInt8(round * sizes.count + index)
        order.append(value)
        try await left.write([UInt8](repeating: value, count: sizes[index]))
      }
    }
    let end = spawn {
      for writer in writers { try await writer.value }
      try await left.finish()
    }
    let received = try await readAll(right)
    let expected = order.flatMap { [UInt8](repeating: $0, count: sizes[Int($0) % sizes.count]) }
    try expect(received, are: expected, "the writes \(order)")
    try await end.value
    try await close(left, right)
  }

  private static func cancelledWriteCounts(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writer = spawn { await outcome { try await left.write(tooMany) } }
    await settle()
    writer.cancel()
    let result = try await writer.value
    let count = result.written ?? -1
    try expect(result, is: .failure(.canceled, written: count), "the write that was cancelled")
    try expect(0 < count && count < tooMany.count, "the write that was cancelled has sent \(count) bytes")
    let end = spawn {
      try await left.write("next")
      try await left.finish()
    }
    try expect(try await readAll(right), are: tooMany[..<count] + Array("next".utf8), "what was read")
    try await end.value
    try await close(left, right)
  }

  private static func cancelledBeforeItsTurn(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let first = spawn { try await left.write(tooMany) }
    let second = spawn { await outcome { try await left.write("second") } }
    let third = spawn {
      try await left.write("third")
      try await left.finish()
    }
    await settle()
    second.cancel()
    try expect(try await second.value, is: .cancelled, "a write that waited for its turn")
    try expect(try await readAll(right), are: tooMany + Array("third".utf8), "what was read")
    try await first.value
    try await third.value
    try await close(left, right)
  }

  private static func cancelledTaskWrites(_ pair: MakePair) async throws {
    let (left, right) = try await pair()
    let writer = spawn {
      withUnsafeCurrentTask { $0?.cancel() }
      try await left.write("goodbye")
    }
    try expect(try await read(7, from: right), are: Array("goodbye".utf8), "what was read")
    try await writer.value
    try await close(left, right)
  }
}
