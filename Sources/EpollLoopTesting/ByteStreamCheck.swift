public import EpollLoop
import Glibc

/// One check of what every `ByteStream` promises, for tests of streams of one's own.
///
/// ```swift
/// @Test(arguments: ByteStreamCheck.all) func `a pipe keeps the contract`(check: ByteStreamCheck) async throws {
///   try await runOnLoop { try await check.run { Pipe.pair() } }
/// }
/// ```
///
/// The package's own tests run all of them over a TCP connection and a ``MemoryStream``. That a second reader and a
/// read of no byte trap is not among them, since that ends the process.
public struct ByteStreamCheck: Sendable, CustomStringConvertible {
  /// Makes two connected streams that may hold at most 8 MB between them. Called on the loop, at least once.
  public typealias MakePair = nonisolated(nonsending) () async throws -> (any ByteStream, any ByteStream)
  typealias Body = nonisolated(nonsending) @Sendable (MakePair) async throws -> Void

  /// The promise, a sentence.
  public let description: String
  private let body: Body

  init(_ description: String, _ body: @escaping Body) {
    self.description = description
    self.body = body
  }

  /// All checks.
  public static let all = reading + writing + ending + closing + breaking

  /// Runs the check on streams that `pair` makes.
  ///
  /// A stream that breaks its promise may also wait forever: on virtual time that is a ``StuckError``, on the kernel's
  /// clock put a limit around the call.
  ///
  /// - Throws: ``ByteStreamViolation`` if the promise is broken; what the streams throw where they must not.
  public func run(on pair: MakePair) async throws {
    try await body(pair)
  }
}

/// A stream has broken a promise of `ByteStream`.
public struct ByteStreamViolation: Error, CustomStringConvertible {
  /// What should have been, and what was.
  public let description: String
}

/// How a call of a stream has ended.
enum StreamOutcome: Equatable {
  case success
  case failure(Errno, written: Int?)
  case closed(written: Int?)
  case cancelled
  case other(String)

  /// Whether it is an error of a stream that the peer has broken.
  var isBroken: Bool {
    switch self {
    case .failure(let reason, _): [.connectionReset, .brokenPipe, .notConnected].contains(reason)
    case .success, .closed, .cancelled, .other: false
    }
  }

  /// The number of bytes that the error of a write names.
  var written: Int? {
    switch self {
    case .failure(_, let written), .closed(let written): written
    case .success, .cancelled, .other: nil
    }
  }
}

/// Does something, and returns how it has ended.
func outcome<Success>(_ body: () async throws -> Success) async -> StreamOutcome {
  do {
    _ = try await body()
    return .success
  } catch let error as IOError {
    return .failure(error.reason, written: error.writtenByteCount)
  } catch let error as ClosedError {
    return .closed(written: error.writtenByteCount)
  } catch is CancellationError {
    return .cancelled
  } catch {
    return .other("\(error)")
  }
}

/// Throws unless a promise is kept.
func expect(_ isKept: Bool, _ promise: @autoclosure () -> String) throws {
  if !isKept { throw ByteStreamViolation(description: promise()) }
}

/// Throws unless two values are equal.
func expect<Value: Equatable>(_ value: Value, is expected: Value, _ what: @autoclosure () -> String) throws {
  try expect(value == expected, "\(what()): \(value) instead of \(expected)")
}

/// Throws unless some bytes are those that were expected.
func expect(_ bytes: [UInt8], are expected: [UInt8], _ what: @autoclosure () -> String) throws {
  if bytes.count == expected.count, memcmp(bytes, expected, bytes.count) == 0 { return }
  let place = zip(bytes, expected).prefix { $0 == $1 }.count
  try expect(false, "\(what()): \(bytes.count) bytes instead of \(expected.count), equal up to \(place)")
}

/// Reads until the end of the stream.
func readAll(_ stream: any ByteStream) async throws -> [UInt8] {
  var bytes: [UInt8] = []
  while let chunk = try await stream.read() { bytes += chunk }
  return bytes
}

/// Reads exactly `count` bytes, or fewer if the stream ends.
func read(_ count: Int, from stream: any ByteStream) async throws -> [UInt8] {
  var bytes: [UInt8] = []
  while bytes.count < count, let chunk = try await stream.read(upTo: count - bytes.count) { bytes += chunk }
  return bytes
}

/// Bytes that differ from place to place.
func pattern(_ count: Int) -> [UInt8] {
  let period = (0..<min(count, 65_521)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count)
  while bytes.count < count { bytes += period.prefix(count - bytes.count) }
  return bytes
}

/// More bytes than a pair may hold.
let tooMany = pattern(9_000_000)

/// Lets everything happen that can without the passing of time.
///
/// At most 256 jobs run between two polls, so that some polls come in these.
func settle() async {
  for _ in 0..<1100 { await yield() }
}

/// Closes both ends, each waiting for the other.
func close(_ one: any ByteStream, _ other: any ByteStream) async throws {
  _ = try await gather({ await one.close() }, { await other.close() })
}
