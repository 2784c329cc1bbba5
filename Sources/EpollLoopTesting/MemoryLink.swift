import EpollLoop

/// How a pair of in-memory streams carries bytes, each way.
public struct MemoryLink: Sendable {
  /// How long a byte travels.
  public var latency = Duration.zero
  /// How many bytes pass in a second; nil for no limit.
  public var bytesPerSecond: Int?
  /// How many bytes may be on their way or unread before a write waits.
  public var capacity = 65_536
  /// The sizes of the pieces in which bytes arrive, chosen by the seed: a protocol must not care.
  public var pieces = 1...65_536
  /// What determines the sizes.
  public var seed: UInt64 = 0

  /// No delay, no limit, whole pieces.
  public init() {}
}

/// One direction: bytes with the instants at which they arrive.
final class MemoryPipe {
  /// How far it has come.
  private enum Phase {
    case open
    /// The end has been sent; it arrives at this instant.
    case finished(arrival: Instant)
    /// It was broken off: what was on its way is lost.
    case broken
  }

  private let link: MemoryLink
  private var random: SeededNumbers
  private var phase = Phase.open
  private var segments: [(arrival: Instant, chunk: Chunk)] = []
  private var unread = 0
  /// When the line is free to take the next piece.
  private var lineFree: Instant
  private var isRead = false
  private let changed = Gate()

  init(_ link: MemoryLink, seed: UInt64) {
    precondition(link.capacity > 0, "A link carries at least one byte")
    precondition(link.pieces.lowerBound > 0 && link.pieces.upperBound <= 65_536, "Pieces have 1 to 65,536 bytes")
    precondition(link.bytesPerSecond ?? 1 > 0, "A link's rate is more than zero")
    self.link = link
    random = SeededNumbers(seed: seed)
    lineFree = EventLoop.current.now
  }

  func read(upTo count: Int) async throws -> Chunk? {
    precondition(!isRead, "Only one task may read from a stream at a time")
    isRead = true
    defer { isRead = false }
    while true {
      if case .broken = phase { throw IOError(.read, .connectionReset) }
      let now = EventLoop.current.now
      if let first = segments.first {
        if first.arrival <= now {
          let part = first.chunk.prefix(count)
          let rest = first.chunk.dropFirst(count)
          if rest.isEmpty { segments.removeFirst() } else { segments[0].chunk = rest }
          unread -= part.count
          changed.open()
          return part
        }
        try await changed.wait(until: first.arrival)
      } else if case .finished(let arrival) = phase {
        if arrival <= now { return nil }
        try await changed.wait(until: arrival)
      } else {
        try await changed.wait()
      }
    }
  }

  func write(_ bytes: [UInt8]) async throws {
    var rest = bytes[...]
    while !rest.isEmpty {
      let written = bytes.count - rest.count
      func failed(_ reason: Errno) -> IOError {
        IOError(.write, reason, "\(written) of \(bytes.count) bytes were written", writtenByteCount: written)
      }
      switch phase {
      case .open: break
      case .finished: throw failed(.brokenPipe)
      case .broken: throw failed(.connectionReset)
      }
      let room = link.capacity - unread
      guard room > 0 else {
        do { try await changed.wait() } catch { throw written > 0 ? failed(.canceled) : error }
        continue
      }
      let piece = rest.prefix(min(room, Int.random(in: link.pieces, using: &random)))
      rest = rest.dropFirst(piece.count)
      segments.append((arrival: departure(of: piece.count) + link.latency, chunk: Chunk(piece)))
      unread += piece.count
      changed.open()
    }
  }

  func finish() throws {
    guard case .open = phase else { throw IOError(.finish, .brokenPipe, "this end has finished writing") }
    phase = .finished(arrival: departure(of: 0) + link.latency)
    changed.open()
  }

  func breakOff() {
    phase = .broken
    segments = []
    unread = 0
    changed.open()
  }

  private func departure(of count: Int) -> Instant {
    let start = max(EventLoop.current.now, lineFree)
    guard let rate = link.bytesPerSecond else { return start }
    lineFree = start + .nanoseconds(count * 1_000_000_000 / rate)
    return lineFree
  }
}

/// Seeded numbers: a linear congruential generator (Knuth, MMIX) with its high bits folded in.
struct SeededNumbers: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state ^ (state >> 29) &* 0xBF58_476D_1CE4_E5B9
  }
}
