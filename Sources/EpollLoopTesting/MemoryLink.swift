import EpollLoop

/// How a pair of in-memory streams carries bytes, each way.
public struct MemoryLink: Sendable {
  /// How long a byte travels. A reset takes no time.
  public var latency: Duration
  /// How many bytes pass in a second; nil for no limit.
  public var bytesPerSecond: Int?
  /// How many bytes may be on their way or unread before a write waits.
  public var capacity: Int
  /// The sizes of the pieces in which bytes arrive, chosen by the seed: a protocol must not care.
  public var pieces: ClosedRange<Int>
  /// What determines the sizes.
  public var seed: UInt64

  /// Creates a link; without arguments it has no delay and no limit.
  ///
  /// - Parameters:
  ///   - latency: As ``latency``.
  ///   - bytesPerSecond: As ``bytesPerSecond``.
  ///   - capacity: As ``capacity``.
  ///   - pieces: As ``pieces``.
  ///   - seed: As ``seed``.
  public init(
    latency: Duration = .zero, bytesPerSecond: Int? = nil, capacity: Int = 65_536,
    pieces: ClosedRange<Int> = 1...65_536, seed: UInt64 = 0
  ) {
    self.latency = latency
    self.bytesPerSecond = bytesPerSecond
    self.capacity = capacity
    self.pieces = pieces
    self.seed = seed
  }
}

/// One direction: bytes with the instants at which they arrive, and the end of the stream.
final class MemoryPipe {
  private struct Segment {
    let arrival: Instant
    var bytes: ArraySlice<UInt8>
  }

  private let link: MemoryLink
  private var random: SeededNumbers
  /// Those from `first` on are on their way or unread.
  private var segments: [Segment] = []
  private var first = 0
  /// How many bytes are on their way or unread.
  private(set) var count = 0
  /// When the end of the stream arrives; nil if it has not been sent.
  private(set) var endArrival: Instant?
  /// When the line is free to take the next piece.
  private var lineFree: Instant

  init(_ link: MemoryLink, seed: UInt64, now: Instant) {
    precondition(link.capacity > 0, "A link carries at least one byte")
    precondition(link.pieces.lowerBound > 0 && link.pieces.upperBound <= 65_536, "Pieces have 1 to 65,536 bytes")
    precondition(link.bytesPerSecond ?? 1 > 0, "A link's rate is more than zero")
    self.link = link
    random = SeededNumbers(seed: seed)
    lineFree = now
  }

  /// When the next bytes, or the end, arrive; nil if nothing is on its way.
  var nextArrival: Instant? { first < segments.count ? segments[first].arrival : endArrival }

  /// When all that was sent will have arrived; nil if nothing is on its way.
  var lastArrival: Instant? { endArrival ?? segments.last?.arrival }

  /// Whether the end of the stream has arrived; bytes before it may be unread.
  func hasEndArrived(by now: Instant) -> Bool { endArrival.map { $0 <= now } ?? false }

  /// Whether bytes have arrived that are unread.
  func hasUnread(at now: Instant) -> Bool { first < segments.count && segments[first].arrival <= now }

  /// Sends as many of some bytes as there is room for.
  ///
  /// - Returns: The number of bytes.
  func send(_ bytes: ArraySlice<UInt8>, at now: Instant) -> Int {
    var rest = bytes.prefix(link.capacity - count)
    let sent = rest.count
    while !rest.isEmpty {
      let piece = rest.prefix(Int.random(in: link.pieces, using: &random))
      rest = rest.dropFirst(piece.count)
      segments.append(Segment(arrival: departure(of: piece.count, at: now) + link.latency, bytes: piece))
    }
    count += sent
    return sent
  }

  /// Sends the end of the stream.
  func sendEnd(at now: Instant) { endArrival = departure(of: 0, at: now) + link.latency }

  /// Takes at most `limit` of the bytes of the next piece; nil if none have arrived.
  func take(upTo limit: Int, at now: Instant) -> ArraySlice<UInt8>? {
    guard hasUnread(at: now) else { return nil }
    let part = segments[first].bytes.prefix(limit)
    segments[first].bytes = segments[first].bytes.dropFirst(limit)
    if segments[first].bytes.isEmpty { first += 1 }
    // In linear time: each entry is moved at most once for each that was taken.
    if first > segments.count / 2 {
      segments.removeFirst(first)
      first = 0
    }
    count -= part.count
    return part
  }

  /// Loses what has not arrived yet, the end of the stream included.
  func loseUnarrived(at now: Instant) {
    while first < segments.count, let last = segments.last, last.arrival > now {
      count -= last.bytes.count
      segments.removeLast()
    }
    if !hasEndArrived(by: now) { endArrival = nil }
  }

  /// Loses all.
  func loseAll() {
    segments = []
    (first, count) = (0, 0)
  }

  private func departure(of count: Int, at now: Instant) -> Instant {
    let start = max(now, lineFree)
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
