extension Connection {
  /// How long ``close()`` takes at the most.
  static let closeTimeout = Duration.seconds(1)
  /// How many bytes ``close()`` reads and drops at the most.
  static let closeDrainLimit = 1 << 20

  /// Closes the connection so that the peer gets all that has been written.
  ///
  /// Whoever waits to read gets an error at once. Writes that are under way go on; after them this end is
  /// finished, and what the peer still sends is read and dropped until it ends its own. All of it takes at
  /// most 1 s and 1 MiB: then the descriptor is closed all the same, and writes that are still under way
  /// fail. (A close with unread input resets the connection, and takes what the peer has not read yet with
  /// it: RFC 2525, 2.17.) A second time nothing happens, also while the first is under way; if the task is
  /// cancelled, the descriptor is closed at once.
  public func close() async {
    let stream = bound.open("Connection.close")
    guard stream.phase == .open else { return }
    defer { stream.close() }
    let deadline = stream.core.now + Connection.closeTimeout
    stream.beginClosing()
    guard await stream.waitForLastWrite(until: deadline) else { return }
    if case .finished = stream.writing {
    } else {
      // An error here means that the connection is gone already.
      do { try stream.finish() } catch { return }
    }
    guard !stream.hasReadEnd else { return }
    await stream.drain(limit: Connection.closeDrainLimit, until: deadline)
  }

  /// Breaks the connection off: the peer gets a reset, and what it has not read yet may be lost.
  ///
  /// Whoever waits on it gets an error. A second time nothing happens.
  public func abort() {
    let stream = bound.open("Connection.abort")
    guard stream.phase != .closed else { return }
    stream.socket.resetOnClose()
    stream.close()
  }
}

extension Stream {
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
          if core.spend() { await core.giveWay() }
          continue
        }
      } catch {
        return
      }
      let wake = await core.park(for: "unsent bytes to leave") { waiter in
        registration.reading = .awaited(waiter)
        core.schedule(waiter, at: deadline)
      }
      if wake != .ready { return }
    }
  }
}
