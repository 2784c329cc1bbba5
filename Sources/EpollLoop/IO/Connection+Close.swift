extension Connection {
  /// The maximum number of bytes that ``close()`` reads and drops.
  static let closeDrainLimit = 1 << 20
  /// After what time ``close()`` first asks again whether all is acknowledged; each further time is twice as long.
  static let closeFirstPause = Duration.milliseconds(1)

  /// Closes the connection so that the peer gets all that has been written.
  ///
  /// A task that waits to read gets a ``ClosedError`` at once. Writes that are under way go on; after them this direction is ended.
  /// Meanwhile, what the peer sends is read and dropped. The call waits as long as there is something to protect:
  ///
  /// - until all writes have ended and the peer's kernel has acknowledged all bytes, which for an idle peer it has already,
  ///   or does within the time of its delayed acknowledgement (40 ms on Linux);
  /// - until the peer ends its direction, if there was unread input, or some arrives.
  ///
  /// A close with unread input would reset the connection and drop what has not been acknowledged (RFC 2525, 2.17).
  ///
  /// All of it takes at most 1 s (``ConnectionOptions/closeTimeout``) and 1 MiB: then the descriptor is closed, and writes
  /// that are still under way fail. The call has no effect when called again, even while the first is under way. If the
  /// task is cancelled, the descriptor is closed at once.
  public func close() async {
    let stream = bound.open("Connection.close")
    guard stream.phase == .open else { return }
    defer { stream.close() }
    stream.beginClosing()
    await stream.linger(until: stream.core.now + stream.closeTimeout)
  }

  /// Breaks the connection off: the peer gets a reset, and what it has not read yet may be lost.
  ///
  /// Calls that wait end at once, with a ``ClosedError``. It has no effect on a connection that is closed.
  public func abort() {
    let stream = bound.open("Connection.abort")
    guard stream.phase != .closed else { return }
    stream.socket.resetOnClose()
    stream.close()
  }
}

extension Stream {
  /// The number of bytes sent that the peer's kernel has not acknowledged; `Int.max` if the kernel does not say.
  var unacknowledgedCount: Int {
    do throws(Errno) {
      let count = try socket.unacknowledgedCount()
      // The end of the stream counts as one byte until it is acknowledged, after all others.
      if case .finished = writing { return max(0, count - 1) }
      return count
    } catch {
      return .max
    }
  }

  /// Waits until a close cannot lose anything any more, reading and dropping what the peer sends.
  ///
  /// That is when all writes have ended, this direction has, and the peer has ended its own; or all is acknowledged and the
  /// peer has sent nothing that was left unread: see "Ending a connection" on the page Epoll for why that suffices. It ends
  /// early at a limit of bytes or of time, at an error, and by cancellation.
  fileprivate nonisolated(nonsending) func linger(until deadline: Instant) async {
    var dropped = 0
    var pause = Connection.closeFirstPause
    while phase == .closing {
      if case .open = writing {
        // An error here means that the connection is gone already.
        do { try finish() } catch { return }
      }
      let isAcknowledged = dropped == 0 && unacknowledgedCount == 0
      let mayRead = !hasReadEnd && dropped < Connection.closeDrainLimit
      if mayRead, let count = tryDrop() {
        dropped += count
        if core.spend() { await core.giveWay() }
        continue
      }
      var instant = deadline
      if case .finished = writing {
        if !mayRead || isAcknowledged { return }
        if dropped == 0 { instant = min(deadline, core.now + pause) }
      }
      let wake = await core.park(for: "the peer to take what was written") { waiter in
        closer = waiter
        if mayRead { registration.reading = .awaited(waiter) }
        core.schedule(waiter, at: instant)
      }
      switch wake {
      case .ready: break
      case .timedOut:
        if instant == deadline { return }
        pause = pause * 2
      case .cancelled, .closed: return
      }
    }
  }

  /// Reads and drops once, without waiting.
  ///
  /// - Returns: The number of bytes, 0 at the end of the stream or if the connection is broken; nil if there are none.
  private func tryDrop() -> Int? {
    // An idle connection holds no buffer, even while it closes.
    let buffer = core.buffers.take()
    defer { core.buffers.giveBack(buffer) }
    // There may be input that no event has reported yet: ask the kernel.
    registration.reading = .ready
    do {
      return try tryRead(into: buffer.bytes, count: Buffer.capacity)
    } catch {
      // Writes that are under way fail by themselves.
      hasReadEnd = true
      return 0
    }
  }
}
