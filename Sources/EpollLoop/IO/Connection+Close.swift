extension Connection {
  /// How long ``close()`` waits for the peer to end its direction.
  static let closeTimeout = Duration.seconds(1)
  /// How many bytes ``close()`` reads and drops at the most.
  static let closeDrainLimit = 1 << 20

  /// Closes the connection so that the peer gets all that was written.
  ///
  /// It waits for writes that are under way, ends this direction, and reads and drops what the peer
  /// still sends, until the peer ends its own: for at most 1 s and 1 MiB, then closes all the same.
  /// (A close with unread input resets the connection, and takes what the peer has not read yet with
  /// it: RFC 2525, 2.17.) Whoever waits on the connection gets an error. A second time nothing
  /// happens; if the task is cancelled, it is closed at once.
  public func close() async {
    let stream = bound.open("Connection.close")
    defer { stream.close() }
    guard !stream.isClosed else { return }
    if case .finished = stream.writing {
    } else {
      do { try await finish() } catch { return }
    }
    guard !stream.hasReadEnd, stream.hasNoReader else { return }
    await stream.drain(limit: Connection.closeDrainLimit, until: stream.core.now + Connection.closeTimeout)
  }

  /// Breaks the connection off: the peer gets a reset, and what it has not read yet may be lost.
  ///
  /// Whoever waits on it gets an error. A second time nothing happens.
  public func abort() {
    let stream = bound.open("Connection.abort")
    guard !stream.isClosed else { return }
    stream.socket.resetOnClose()
    stream.close()
  }
}

extension Stream {
  /// Whether no task waits to read.
  fileprivate var hasNoReader: Bool {
    guard case .awaited(let waiter) = registration.reading else { return true }
    return core.waiters.waitingSlot(waiter) == nil
  }

  /// Reads and drops until the end of the stream, a limit, an error, an instant, or cancellation.
  fileprivate nonisolated(nonsending) func drain(limit: Int, until deadline: Instant) async {
    let buffer = core.buffers.take()
    defer { core.buffers.giveBack(buffer) }
    var dropped = 0
    while dropped < limit {
      do {
        if let count = try tryRead(into: buffer.bytes, count: Buffer.capacity) {
          if count == 0 { return }
          dropped += count
          await core.spend()
          continue
        }
      } catch {
        return
      }
      let wake = await core.park { waiter in
        registration.reading = .awaited(waiter)
        core.schedule(waiter, at: deadline)
      }
      if wake != .ready { return }
    }
  }
}
