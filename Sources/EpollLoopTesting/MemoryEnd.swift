import EpollLoop

/// One end of a pair in memory: what arrives at it, how far its life has come, and its tasks that wait.
final class MemoryEnd {
  /// How far its life has come.
  enum Phase {
    case open
    /// Calls are refused; writes that are under way go on.
    case closing
    case closed
  }

  /// How far the writing direction has come.
  enum Writing {
    case open
    /// A task writes; others wait for their turn.
    case busy
    case finished
  }

  /// What the peer's reset has left, as in a socket: the kernel reports the reason once.
  enum Failure {
    case none
    case unreported(Errno)
    case reported(Errno)
  }

  let arriving: MemoryPipe
  var phase = Phase.open
  var writing = Writing.open
  var failure = Failure.none
  /// Whether a task waits in a read.
  var isReadAwaited = false
  /// Where the reader, or the close, waits for bytes, the end, a reset or the end of a write.
  let news = Gate()
  /// Where the writer waits for room.
  let room = Gate()
  /// Where further writers wait, in FIFO order.
  let turn = Gate()

  init(_ arriving: MemoryPipe) {
    self.arriving = arriving
  }

  /// Takes a reset by the peer. It has no effect on an end that is closed or broken.
  ///
  /// - Parameter losesUnarrived: Whether what the peer has sent and has not arrived is lost.
  func receiveReset(losesUnarrived: Bool, at now: Instant) {
    guard phase != .closed, case .none = failure else { return }
    if losesUnarrived { arriving.loseUnarrived(at: now) }
    // As Linux after the end of the stream, tcp_reset(): all that was sent can be read, and writes fail.
    failure = .unreported(arriving.endArrival == nil ? .connectionReset : .brokenPipe)
    news.open()
    room.open()
  }
}

/// What one end and its peer do for a call, without waiting; like a socket.
struct MemorySocket {
  /// What a read has found.
  enum Reading {
    case bytes(ArraySlice<UInt8>)
    case end
    /// Nothing yet, and nothing before this instant, if something is on its way.
    case nothing(until: Instant?)
  }

  let own: MemoryEnd
  let peer: MemoryEnd

  var now: Instant { own.news.now }

  /// Reads what has arrived.
  func tryRead(upTo limit: Int) throws(Errno) -> Reading {
    let now = now
    if let bytes = own.arriving.take(upTo: limit, at: now) {
      peer.room.open()
      return .bytes(bytes)
    }
    if own.arriving.hasEndArrived(by: now) { return .end }
    switch own.failure {
    case .none: return .nothing(until: own.arriving.nextArrival)
    // The end of the stream is still on its way.
    case .unreported(.brokenPipe), .reported(.brokenPipe): return .nothing(until: own.arriving.nextArrival)
    case .unreported(let reason), .reported(let reason):
      own.failure = .reported(reason)
      throw reason
    }
  }

  /// Sends what there is room for.
  ///
  /// - Returns: The number of bytes; 0 if nothing fits.
  func trySend(_ bytes: ArraySlice<UInt8>) throws(Errno) -> Int {
    switch own.failure {
    case .none: break
    case .unreported(let reason):
      own.failure = .reported(reason)
      throw reason
    case .reported: throw .brokenPipe
    }
    let count = peer.arriving.send(bytes, at: now)
    if peer.phase == .closed {
      // A closed socket answers with a reset, which comes behind all that it has sent before.
      peer.arriving.loseAll()
      own.receiveReset(losesUnarrived: false, at: now)
    }
    peer.news.open()
    return count
  }

  /// Takes the turn to write, if it is free.
  ///
  /// - Returns: False if another task has it.
  func beginWriting(_ operation: IOError.Operation) throws -> Bool {
    try checkOpen(operation)
    switch own.writing {
    case .open:
      own.writing = .busy
      return true
    case .finished: throw MemorySocket.finished(operation)
    case .busy: return false
    }
  }

  /// Hands the turn to the next writer, or leaves it open.
  func endWriting() {
    if own.turn.openFirst() { return }
    own.writing = .open
    if own.phase == .closing { own.news.open() }
  }

  /// Half-closes, in this task's turn; writers that wait fail.
  func finish() throws(Errno) {
    own.writing = .finished
    own.turn.close()
    if own.phase == .closing { own.news.open() }
    guard case .none = own.failure else { throw .notConnected }
    peer.arriving.sendEnd(at: now)
    peer.news.open()
  }

  /// Refuses further calls, and fails the reader.
  func beginClosing() {
    own.phase = .closing
    own.news.open()
  }

  /// Closes like close(2): with unread input it is a reset, else the end of the stream is sent.
  ///
  /// - Parameter isReset: Whether it is a reset in any case.
  func close(isReset: Bool = false) {
    guard own.phase != .closed else { return }
    let now = now
    own.phase = .closed
    let hasUnread = own.arriving.hasUnread(at: now)
    if isReset || hasUnread {
      peer.receiveReset(losesUnarrived: true, at: now)
    } else if case .none = own.failure {
      if peer.arriving.endArrival == nil { peer.arriving.sendEnd(at: now) }
      // What is on its way to this end will find it closed.
      if own.arriving.count > 0 { peer.receiveReset(losesUnarrived: false, at: now) }
    }
    own.arriving.loseAll()
    for gate in [own.news, own.room, peer.news, peer.room] { gate.open() }
    own.turn.close()
  }

  /// Throws if calls are refused.
  func checkOpen(_ operation: IOError.Operation) throws {
    if own.phase != .open { throw MemorySocket.closed(operation) }
  }

  /// The error of a call of a closed end; of a write that has sent nothing.
  static func closed(_ operation: IOError.Operation) -> ClosedError {
    ClosedError(.stream, writtenByteCount: operation == .write ? 0 : nil)
  }

  /// The error of a call of a direction that was half-closed.
  static func finished(_ operation: IOError.Operation) -> IOError {
    IOError(operation, .brokenPipe, "this end has finished writing")
  }
}
