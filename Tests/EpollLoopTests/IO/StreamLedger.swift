import EpollLoop
import Glibc

/// What was wrong in a random program.
struct StreamViolation: Error, CustomStringConvertible { let description: String }

/// What the programs of some seeds have seen, for a look at whether they try everything.
struct StreamCounts {
  var whole = 0
  var part = 0
  var none = 0
  var failed = 0
  var endsRead = 0
  var readsFailed = 0
  var readsCancelled = 0
  var finishes = 0
  var finishesFailed = 0
  var closes = 0
  var closesCancelled = 0
  var closesTimedOut = 0
  var aborts = 0

  /// Each count with its name.
  var all: [(name: String, count: Int)] {
    Mirror(reflecting: self).children.map { ($0.label ?? "", $0.value as? Int ?? 0) }
  }
}

/// One direction of a connection: what has gone in at one end, and what has come out at the other.
final class StreamDirection {
  /// How reading has ended.
  enum End: Equatable {
    case none
    case end
    case failure(Errno)
    case closed
  }

  private struct Write {
    let bytes: Range<Int>
    /// The number of bytes that have gone; nil while it is under way.
    var sent: Int?
  }

  /// All writes are parts of these bytes. They are ASCII, so that texts can be written too.
  static let pool: [UInt8] = (0..<200_000).map { UInt8(33 + ($0 &* 31 &+ $0 >> 7) % 94) }

  private(set) var end = End.none
  /// How many more bytes may be written: a close drops no more than 1 MiB of what the peer sends.
  private(set) var room = 900_000
  /// In the order of the calls, in which they have to arrive.
  private var writes: [Write] = []
  private var received: [UInt8] = []

  /// Enters a write that begins, and returns its number.
  func beginWrite(_ bytes: Range<Int>) -> Int {
    room -= bytes.count
    writes.append(Write(bytes: bytes, sent: nil))
    return writes.count - 1
  }

  /// Enters the end of a write.
  func endWrite(_ number: Int, sent: Int) {
    writes[number].sent = sent
  }

  /// Enters bytes that have been read.
  func receive(_ chunk: Chunk) {
    chunk.withUnsafeBytes { received.append(contentsOf: $0) }
  }

  /// Enters the end of reading.
  func endReading(_ end: End) {
    self.end = end
  }

  /// Checks each byte: what was received is what has gone in, and all of it if the end was read.
  func check() throws {
    var sent: [UInt8] = []
    for (number, write) in writes.enumerated() {
      guard let count = write.sent else { throw StreamViolation(description: "write \(number) has not ended") }
      sent.append(contentsOf: Self.pool[write.bytes].prefix(count))
    }
    guard received.count <= sent.count else {
      throw StreamViolation(description: "\(received.count) bytes came out, and \(sent.count) went in: \(summary)")
    }
    if memcmp(received, sent, received.count) != 0 {
      let place = zip(received, sent).prefix { $0 == $1 }.count
      throw StreamViolation(description: "byte \(place) of \(received.count) is another one: \(summary)")
    }
    if end == .end, received.count < sent.count {
      throw StreamViolation(description: "\(received.count) of \(sent.count) bytes came before the end: \(summary)")
    }
  }

  private var summary: String {
    "writes \(writes.map { "\($0.sent ?? -1)/\($0.bytes.count)" }), reading ended with \(end)"
  }
}
