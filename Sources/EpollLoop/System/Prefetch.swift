import CEpollShim

/// Hints to the processor's cache, which change nothing but the time that it takes.
enum Prefetch {
  /// Fetches what the runtime keeps of the task at an address.
  @inline(__always)
  static func task(at address: UInt) { cepoll_prefetch_task(UnsafePointer(bitPattern: address)) }

  /// Fetches what a suspended task resumes with.
  @inline(__always)
  static func frame(ofTaskAt address: UInt) { cepoll_prefetch_frame(UnsafePointer(bitPattern: address)) }
}
