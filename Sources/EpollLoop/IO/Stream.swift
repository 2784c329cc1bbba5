/// One end of a connected stream socket: its descriptor, who reads and who writes.
///
/// Loop-bound; ``Connection`` is its face.
final class Stream {
  /// How far its life has come.
  enum Phase {
    case open
    /// Nobody may read or write any more; what has been written is still on its way.
    case closing
    case closed
  }

  /// How far the writing direction has come.
  enum Writing {
    case open
    /// A task writes; others wait in the queue.
    case busy
    /// The end has been sent.
    case finished
  }

  // What each message touches comes first: it fits into a line of the processor's cache.
  let core: LoopCore
  let registration: Registration
  /// The memory of the last chunk that was read; used again once the reader has let go of it.
  @exclusivity(unchecked) var lastBuffer: Buffer?
  /// The server whose handler has this connection; nil if none has.
  @exclusivity(unchecked) var serving: Serving?
  let socket: Socket
  /// Why the connection is broken: the kernel reports it once, to a read or a write, and then the end of the stream.
  @exclusivity(unchecked) var failure: Errno?
  /// Whether the peer has ended its direction, and all of it has been read.
  @exclusivity(unchecked) var hasReadEnd = false
  @exclusivity(unchecked) private(set) var writing = Writing.open
  @exclusivity(unchecked) private(set) var phase = Phase.open
  /// Tasks that wait for their turn to write; created when the first one does.
  @exclusivity(unchecked) private var writers: WaitQueue?
  /// The close that waits; stale if none does. It is no writer: a half-close fails the writers behind it.
  @exclusivity(unchecked) var closer = Waiter.nobody
  /// How long a close waits at most.
  @exclusivity(unchecked) var closeTimeout = ConnectionOptions.defaultCloseTimeout
  private var descriptor: FileDescriptor?

  /// Takes over a socket that is connected, or has begun to be.
  convenience init(_ descriptor: consuming FileDescriptor, _ core: LoopCore) throws(Errno) {
    let registration = try core.register(descriptor.number)
    self.init(descriptor, registration, core)
  }

  /// Takes over a socket that is registered.
  init(_ descriptor: consuming FileDescriptor, _ registration: Registration, _ core: LoopCore) {
    socket = Socket(fd: descriptor.number)
    self.registration = registration
    self.descriptor = consume descriptor
    self.core = core
  }

  /// Refuses further reads and writes, and wakes whoever waits to read with an error.
  func beginClosing() {
    phase = .closing
    if case .awaited(let reader) = registration.reading {
      registration.reading = .idle
      core.wake(reader, .closed)
    }
  }

  /// Wakes whoever waits here with an error, then closes the descriptor. A second time, nothing happens.
  func close() {
    guard phase != .closed else { return }
    phase = .closed
    core.deregister(registration)
    writers?.wakeAll(.closed)
    core.wake(closer, .closed)
    descriptor = nil
  }

  /// Throws if reads and writes are refused.
  @inline(__always)
  func checkOpen(_ operation: IOError.Operation) throws {
    if phase != .open { throw Stream.closed(operation) }
  }

  /// The error of an operation on a closed stream; of a write that has sent nothing.
  static func closed(_ operation: IOError.Operation) -> ClosedError {
    ClosedError(.stream, writtenByteCount: operation == .write ? 0 : nil)
  }

  /// The error of an operation on a direction that this end has half-closed.
  static func finished(_ operation: IOError.Operation) -> IOError {
    IOError(operation, .brokenPipe, "this end has finished writing")
  }

  // MARK: writing

  /// Sends what fits of some bytes from `offset` on, without waiting.
  ///
  /// - Returns: The count; 0 if nothing fits.
  @inline(__always)
  func trySend(_ bytes: UnsafeRawBufferPointer, from offset: Int) throws(Errno) -> Int {
    guard let start = bytes.baseAddress else { return 0 }
    let count = bytes.count - offset
    while true {
      switch registration.writing {
      case .ready: break
      case .idle, .awaited: return 0
      case .closed: throw .badFileDescriptor
      }
      let result = socket.send(start + offset, count: count)
      if result >= 0 {
        // A short count means a full buffer: the next room is an edge, epoll(7).
        if result < count { registration.writing = .idle }
        return result
      }
      let reason = Errno(rawValue: Int32(truncatingIfNeeded: -result))
      switch reason {
      case .wouldBlock: registration.writing = .idle
      case .interrupted: break
      default:
        // A peer that has ended its direction and then breaks off gives EPIPE: all that it has sent can be read.
        if reason != .brokenPipe { failure = reason }
        throw reason
      }
    }
  }

  /// Waits until a write may take something. Only by the task whose turn it is, after `trySend`.
  nonisolated(nonsending) func waitToWrite() async throws {
    if case .ready = registration.writing { return }
    let wake = await core.park(for: "room to write") { registration.writing = .awaited($0) }
    switch wake {
    case .ready: return
    case .cancelled: throw CancellationError()
    case .closed, .timedOut: throw Stream.closed(.write)
    }
  }

  /// Takes the turn to write, if it is free.
  ///
  /// - Returns: False if another task has it: ``waitForTurn(_:)`` is next.
  @inline(__always)
  func beginWriting(_ operation: IOError.Operation) throws -> Bool {
    try checkOpen(operation)
    switch writing {
    case .open:
      writing = .busy
      return true
    case .finished:
      throw Stream.finished(operation)
    case .busy:
      return false
    }
  }

  /// Waits for the turn to write, first come, first served.
  nonisolated(nonsending) func waitForTurn(_ operation: IOError.Operation) async throws {
    let queue = writers ?? WaitQueue(core)
    writers = queue
    switch await core.park(for: "its turn to write", { queue.append($0) }) {
    case .ready:
      // The turn was handed over: it is still busy. A close that has begun meanwhile waits for it.
      if phase == .closed { throw Stream.closed(operation) }
    case .cancelled: throw CancellationError()
    case .closed, .timedOut:
      // Either the stream was closed, or a half-close had its turn first.
      throw phase == .closed ? Stream.closed(operation) : Stream.finished(operation)
    }
  }

  /// Hands the turn to the next writer, or leaves it open.
  @inline(__always)
  func endWriting() {
    if let writers, writers.wakeFirst() { return }
    writing = .open
    if phase == .closing { wakeCloser() }
  }

  @inline(never)
  private func wakeCloser() { core.wake(closer, .ready) }

  /// Ends the writing direction, shutdown(2), in this task's turn; those who wait to write fail.
  func finish() throws(Errno) {
    writing = .finished
    writers?.wakeAll(.closed)
    wakeCloser()
    try socket.shutDown(.writing)
  }
}
