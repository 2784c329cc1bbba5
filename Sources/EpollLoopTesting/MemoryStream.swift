public import EpollLoop

/// One of two connected streams in memory: a ``Connection`` without a kernel, for tests of protocols.
///
/// Latency, rate, capacity and the sizes of pieces are the link's; under virtual time they cost nothing
/// and are exact. One task may read and any number may write at once. On one loop's thread only.
// SAFETY: all of it runs on the thread of the loop on which the pair was made; the gates trap elsewhere.
public final class MemoryStream: ByteStream, @unchecked Sendable {
  private let incoming: MemoryPipe
  private let outgoing: MemoryPipe
  private var isClosed = false
  private var isWriting = false
  private let turn = Gate()

  private init(incoming: MemoryPipe, outgoing: MemoryPipe) {
    self.incoming = incoming
    self.outgoing = outgoing
  }

  /// Makes two streams, each the other's peer, on the loop of this thread.
  public static func pair(_ link: MemoryLink = MemoryLink()) -> (MemoryStream, MemoryStream) {
    let (there, back) = (MemoryPipe(link, seed: link.seed), MemoryPipe(link, seed: ~link.seed))
    return (MemoryStream(incoming: back, outgoing: there), MemoryStream(incoming: there, outgoing: back))
  }

  /// Reads at most `count` of the bytes that have arrived, waiting for at least one.
  ///
  /// - Parameter count: The maximum number of bytes to return; greater than zero. A call returns 64 KiB at most.
  /// - Returns: At least one byte; nil at the end of the stream, and then always.
  /// - Throws: ``IOError`` with ``Errno/connectionReset`` if the stream was broken off, with
  ///   ``Errno/badFileDescriptor`` if this end is closed; `CancellationError`, and then no byte is lost.
  public func read(upTo count: Int) async throws -> Chunk? {
    precondition(count > 0, "A read returns at least one byte: its count must be greater than zero")
    try checkOpen(.read)
    return try await incoming.read(upTo: count)
  }

  /// Writes all bytes of a chunk; as ``write(_:)-([UInt8])``.
  public func write(_ chunk: Chunk) async throws {
    try await write(Array(chunk))
  }

  /// Writes all bytes, waiting while the link is full; writes of several tasks go out whole.
  public func write(_ bytes: [UInt8]) async throws {
    while isWriting { try await turn.wait() }
    try checkOpen(.write)
    isWriting = true
    defer {
      isWriting = false
      turn.open()
    }
    try await outgoing.write(bytes)
  }

  /// Ends this direction: the peer reads the end after all that was written.
  public func finish() async throws {
    while isWriting { try await turn.wait() }
    try checkOpen(.finish)
    try outgoing.finish()
  }

  /// Closes this end: the peer reads all that was written, then the end. A second time nothing happens.
  public func close() async {
    guard !isClosed else { return }
    isClosed = true
    // It has been ended before, or broken off: nothing is left to do.
    do { try outgoing.finish() } catch { return }
  }

  /// Breaks both directions off: the peer's reads and writes fail with a reset, what was on its way is lost.
  public func abort() {
    isClosed = true
    incoming.breakOff()
    outgoing.breakOff()
  }

  private func checkOpen(_ operation: IOError.Operation) throws {
    if isClosed { throw IOError(operation, .badFileDescriptor, "the stream is closed") }
  }
}
