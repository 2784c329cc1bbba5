extension Stream {
  /// Reads the next chunk of at most `limit` bytes, waiting for at least one.
  ///
  /// - Parameter peeks: Whether the bytes stay unread.
  /// - Returns: Nil at the end of the stream; also, if `heedsServer`, if the server is closing and nothing has arrived.
  @inline(__always)
  nonisolated(nonsending) func read(
    upTo limit: Int = Buffer.capacity, heedsServer: Bool = false, peeks: Bool = false
  ) async throws -> Chunk? {
    if isKnownUniquelyReferenced(&lastBuffer), let buffer = lastBuffer.take() { core.buffers.giveBack(buffer) }
    lastBuffer = nil
    while true {
      // An idle connection holds no buffer: wait first.
      try await waitToRead(heedsServer)
      let buffer = core.buffers.take()
      let count: Int?
      do throws(Errno) {
        count = try tryRead(into: buffer.bytes, count: min(limit, Buffer.capacity), peeks: peeks)
      } catch {
        core.buffers.giveBack(buffer)
        throw error == .badFileDescriptor ? Stream.closed(.read) : IOError(.read, error)
      }
      guard let count, count > 0 else {
        core.buffers.giveBack(buffer)
        if count == 0 || (heedsServer && isServerClosing) { return nil }
        continue
      }
      lastBuffer = buffer
      if core.spend() { await core.giveWay() }
      return Chunk(buffer, count: count)
    }
  }

  /// Reads what is there, without waiting.
  ///
  /// - Returns: The count, 0 at the end; `wouldBlock` if there is nothing yet, without a system call
  ///   if that is known.
  @inline(__always)
  func tryRead(into bytes: UnsafeMutableRawPointer, count: Int, peeks: Bool = false) throws(Errno) -> Int? {
    while true {
      switch registration.reading {
      case .ready:
        break
      case .idle:
        return nil
      case .awaited(let waiter):
        checkOnlyReader(waiter)
        return nil
      case .closed:
        throw .badFileDescriptor
      }
      let result = peeks ? socket.peek(into: bytes, count: count) : socket.receive(into: bytes, count: count)
      if result > 0 {
        if !peeks, result < count, registration.trustsShortReads { registration.reading = .idle }
        return result
      }
      if result == 0 {
        if let failure, !hasReadEnd { throw failure }
        hasReadEnd = true
        return 0
      }
      let reason = Errno(rawValue: Int32(truncatingIfNeeded: -result))
      switch reason {
      case .wouldBlock: registration.reading = .idle
      case .interrupted: break
      default:
        failure = reason
        throw reason
      }
    }
  }

  /// Waits until a read may bring something, or, if `heedsServer`, until the server is closing.
  ///
  /// - Throws: `CancellationError`, or the reason that the stream is closed.
  @inline(__always)
  nonisolated(nonsending) func waitToRead(_ heedsServer: Bool) async throws {
    try checkOpen(.read)
    if heedsServer, isServerClosing { distrustIdleness() }
    switch registration.reading {
    case .ready, .closed:
      // A peer that never pauses must not keep a cancellation from being seen.
      if RunningTask.look().isCancelled { throw CancellationError() }
      return
    case .awaited(let waiter): checkOnlyReader(waiter)
    case .idle: break
    }
    let wake = await core.park(for: "bytes to read") { waiter in
      registration.reading = .awaited(waiter)
      if heedsServer, let serving { serving.add(waiter) }
    }
    switch wake {
    case .ready:
      try checkOpen(.read)
      if heedsServer, isServerClosing { distrustIdleness() }
    case .cancelled: throw CancellationError()
    case .closed, .timedOut: throw Stream.closed(.read)
    }
  }

  /// Whether the connection has a server, and that is closing.
  @inline(__always)
  var isServerClosing: Bool { if let serving { serving.isClosing } else { false } }

  /// Makes the next attempt ask the kernel, although no event has reported bytes.
  @inline(never)
  private func distrustIdleness() {
    if case .awaited(let waiter) = registration.reading { checkOnlyReader(waiter) }
    registration.reading = .ready
  }

  private func checkOnlyReader(_ waiter: Waiter) {
    precondition(
      core.waiters.waitingSlot(waiter) == nil,
      "Only one task may read from a connection at a time")
  }
}
