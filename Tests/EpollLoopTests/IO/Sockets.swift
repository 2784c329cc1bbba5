import EpollLoopTesting
import Glibc
import Synchronization
import Testing

@testable import EpollLoop

/// The loopback sockets of one test: afterwards none of their descriptors may be open.
///
/// A socket is known by its inode, so that tests in parallel do not mistake each other's.
final class Sockets {
  private(set) var inodes: Set<UInt64> = []
  /// An address of this test's own: a port given up here is given to no other test.
  let host: String
  private static let count = Atomic(0)

  init() {
    let number = Sockets.count.add(1, ordering: .relaxed).newValue
    // Other processes run such tests too.
    let process = Int(getpid())
    host = "127.\(1 + process / 254 % 254).\(1 + process % 254).\(1 + number % 254)"
  }

  /// Those that are open now.
  var open: Set<UInt64> { openSocketInodes().intersection(inodes) }

  /// Listens on a free port.
  func listen(host: String? = nil, options: ListenerOptions = ListenerOptions()) throws -> Listener {
    let listener = try Listener.tcp(host: host ?? self.host, port: 0, options: options)
    inodes.insert(inode(of: listener.bound.unchecked.socket.fd))
    return listener
  }

  /// Connects to a listener of this machine.
  func connect(to listener: Listener, options: ConnectionOptions = ConnectionOptions()) async throws -> Connection {
    track(try await Connection.tcp(to: listener.localAddress, options: options))
  }

  /// Takes a connection.
  func accept(from listener: Listener) async throws -> Connection {
    track(try await listener.accept())
  }

  /// Makes a connection and gives both of its ends.
  func pair(
    host: String? = nil, client: ConnectionOptions = ConnectionOptions(),
    server: ListenerOptions = ListenerOptions()
  ) async throws -> (client: Connection, server: Connection) {
    let listener = try listen(host: host, options: server)
    defer { listener.close() }
    return try await gather(
      { try await self.connect(to: listener, options: client) }, { try await self.accept(from: listener) })
  }

  /// Makes a connection whose other end is a plain socket.
  func rawPair(peerReceiveBuffer: Int32? = nil) async throws -> (peer: RawSocket, connection: Connection) {
    let listener = try listen()
    defer { listener.close() }
    let peer = try RawSocket(connectingTo: listener.localAddress, receiveBuffer: peerReceiveBuffer)
    return (peer, try await accept(from: listener))
  }

  /// Remembers a connection's socket.
  func track(_ connection: Connection) -> Connection {
    inodes.insert(inode(of: descriptor(of: connection)))
    return connection
  }
}

/// Runs a test's body on a fresh loop, and checks that it left nothing there and no socket open.
func runOnSockets(
  clock: EventLoop.Clock = .virtual, allowsUnawaitedErrors: Bool = false,
  _ body: @escaping (Sockets) async throws -> Void
) async throws {
  let sockets = Sockets()
  try await runOnLoop(clock: clock, allowsUnawaitedErrors: allowsUnawaitedErrors) { try await body(sockets) }
  #expect(sockets.open.isEmpty, "A socket was left open")
}

/// Small buffers on both ends, so that little is on its way at a time.
func narrow() -> (client: ConnectionOptions, server: ListenerOptions) {
  var connection = ConnectionOptions()
  connection.sendBufferBytes = 4096
  connection.receiveBufferBytes = 4096
  var listener = ListenerOptions()
  listener.connection = connection
  return (connection, listener)
}

/// A connection's descriptor number.
func descriptor(of connection: Connection) -> Int32 { connection.bound.unchecked.socket.fd }

/// Which socket a descriptor is.
func inode(of fd: Int32) -> UInt64 {
  var status = stat()
  return fstat(fd, &status) == 0 ? UInt64(status.st_ino) : 0
}

/// The sockets that this process has open, from /proc/thread-self/fd (proc(5)).
func openSocketInodes() -> Set<UInt64> {
  var found: Set<UInt64> = []
  for fd in openDescriptors() {
    var status = stat()
    if fstat(fd, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK { found.insert(UInt64(status.st_ino)) }
  }
  return found
}

/// The descriptors that this thread, and nearly always its whole process, has open.
func openDescriptors() -> [Int32] {
  guard let folder = opendir("/proc/thread-self/fd") else { return [] }
  defer { closedir(folder) }
  var numbers: [Int32] = []
  while let entry = readdir(folder) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) {
      $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    if let number = Int32(name), number != dirfd(folder) { numbers.append(number) }
  }
  return numbers
}

/// Whether a process that ended with a trap has said which rule was broken.
func names(_ rule: String, _ result: ExitTest.Result?) -> Bool {
  result.map { String(decoding: $0.standardErrorContent, as: UTF8.self).contains(rule) } ?? false
}

/// Repeats a body until a descriptor's number has been used again as it needs; it nearly always is.
///
/// The test library opens descriptors of its own at times.
func untilNumberIsReused(_ body: () async throws -> Bool) async throws {
  for _ in 0..<50 where try await body() { return }
  Issue.record("The number was never used again")
}

/// Tries again while a process that is being started may still hold a copy of what was closed here.
///
/// Close-on-exec takes effect at the exec, and tests in parallel start processes.
func eventually(_ holds: () async throws -> Bool) async rethrows -> Bool {
  for _ in 0..<10_000 {
    if try await holds() { return true }
    await yield()
  }
  return false
}

/// Whether nobody listens at an address any more.
func refuses(_ address: SocketAddress) async -> Bool {
  await eventually {
    await failure { try await Connection.tcp(to: address).abort() } == .io(.connect, .connectionRefused)
  }
}

/// How an operation failed.
enum Failure: Equatable {
  case io(IOError.Operation, Errno)
  case closed(ClosedError.Handle)
  case cancelled
  case timedOut
  case other(String)
}

/// Does something that should fail; nil if it does not.
func failure<Success>(_ body: () async throws -> Success) async -> Failure? {
  do {
    _ = try await body()
    return nil
  } catch let error as IOError {
    return .io(error.operation, error.reason)
  } catch let error as ClosedError {
    return .closed(error.handle)
  } catch is CancellationError {
    return .cancelled
  } catch is TimeoutError {
    return .timedOut
  } catch {
    return .other("\(error)")
  }
}

/// Reads until the end of the stream.
func readAll(_ connection: Connection) async throws -> [UInt8] {
  var bytes: [UInt8] = []
  while let chunk = try await connection.read() { chunk.withUnsafeBytes { bytes.append(contentsOf: $0) } }
  return bytes
}

/// Reads exactly `count` bytes, or fewer if the stream ends.
func read(_ count: Int, from connection: Connection) async throws -> [UInt8] {
  var bytes: [UInt8] = []
  while bytes.count < count, let part = try await connection.read(upTo: count - bytes.count) { bytes += part }
  return bytes
}

/// Bytes that tell where in the stream they belong.
func pattern(_ count: Int) -> [UInt8] {
  let period = 65_521
  let once = (0..<min(count, period)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
  var bytes: [UInt8] = []
  bytes.reserveCapacity(count)
  while bytes.count < count { bytes += once.prefix(count - bytes.count) }
  return bytes
}

/// Lets everything happen that can: a virtual clock moves only when nothing is ready.
func settle() async throws {
  try await sleep(for: .milliseconds(1))
}

/// Closes both ends, each waiting for the other.
func close(_ one: Connection, _ other: Connection) async throws {
  _ = try await gather({ await one.close() }, { await other.close() })
}

extension Stream {
  /// Whether the descriptor has been closed.
  var isClosed: Bool { phase == .closed }
  /// Whether the end of the writing direction has been sent.
  var isFinished: Bool {
    if case .finished = writing { true } else { false }
  }
}
