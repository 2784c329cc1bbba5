import CEpollShim

/// Hints to the processor's cache; a hint never faults, wherever it points.
enum Prefetch {
  /// A cache line.
  @inline(__always)
  static func line(at address: UInt) { cepoll_prefetch(UnsafePointer(bitPattern: address)) }

  /// The parts of a task that the runtime touches when it resumes it.
  @inline(__always)
  static func task(at address: UInt) { cepoll_prefetch_task(UnsafePointer(bitPattern: address)) }

  /// What the task resumes with; its parts must be in the cache already, or this waits for them.
  @inline(__always)
  static func frame(ofTaskAt address: UInt) { cepoll_prefetch_frame(UnsafePointer(bitPattern: address)) }
}
