import CEpollShim

/// The loop that runs on this thread, as an unowned address in a thread-local word.
enum CurrentLoop {
  /// The address; nil where no loop runs.
  @inline(__always)
  static var address: UnsafeMutableRawPointer? { cepoll_current_loop() }

  /// Says which loop runs on this thread from now on; nil for none.
  @inline(__always)
  static func set(_ address: UnsafeMutableRawPointer?) { cepoll_set_current_loop(address) }
}
