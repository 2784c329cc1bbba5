/// Points at which a test build may lose time on purpose, to force rare interleavings.
///
/// Compiled out unless `EPOLLLOOP_PERTURB` is set: plain stress never finds a lost wake-up, a pause
/// of some microseconds between "is it empty?" and "sleep" finds it each time.
enum Perturbation {
  @inline(__always)
  static func point() {
    #if EPOLLLOOP_PERTURB
      Thread.pauseAtRandom()
    #endif
  }
}
