import CEpollShim
import Glibc

/// Dispatch's main queue, which a program may use without this library; without Dispatch, nothing has an effect.
enum MainQueue {
  /// Runs what is in the queue now. On the thread that the queue belongs to.
  static func drain() { cepoll_main_queue_drain() }

  /// The descriptor that is readable when the queue has work; nil without Dispatch. It stays Dispatch's.
  static func descriptor() throws(Errno) -> Int32? {
    do {
      return try Errno.check(cepoll_main_queue_handle())
    } catch {
      if error == Errno(rawValue: ENOSYS) { return nil }
      throw error
    }
  }

  /// Takes the descriptor's event, so that it is not readable until there is more work.
  static func takeEvent(of descriptor: Int32) {
    var count: UInt64 = 0
    _ = cepoll_fd_read(descriptor, &count, MemoryLayout<UInt64>.size)
  }

  /// Has the queue call a function once; from any thread.
  ///
  /// - Returns: False without Dispatch.
  static func call(_ work: @convention(c) (UnsafeMutableRawPointer?) -> Void) -> Bool {
    cepoll_main_queue_async(work)
  }

  /// Has the queue call a function whenever a descriptor is readable. Dispatch starts a thread of its own for it.
  ///
  /// - Returns: False without Dispatch.
  static func watch(_ descriptor: Int32, _ work: @convention(c) (UnsafeMutableRawPointer?) -> Void) -> Bool {
    cepoll_main_queue_watch(descriptor, work)
  }

  /// Ends the program unless the calling code runs in the queue.
  static func assertCurrent() { cepoll_main_queue_assert() }
}
