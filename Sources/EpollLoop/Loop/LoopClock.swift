/// A loop's time: the kernel's, or one that only jumps.
enum LoopClock {
  case kernel
  /// Stands still until nothing is ready, then jumps to the earliest deadline.
  case virtual(now: Int64)

  @inline(__always)
  var now: Instant {
    switch self {
    case .kernel: .kernelNow
    case .virtual(let now): Instant(nanoseconds: now)
    }
  }

  /// The time to within some milliseconds, on a clock that may stand still while the machine sleeps.
  @inline(__always)
  var coarseNow: Int64 {
    switch self {
    case .kernel: Instant.coarseNanoseconds
    case .virtual(let now): now
    }
  }

  var isVirtual: Bool {
    switch self {
    case .kernel: false
    case .virtual: true
    }
  }
}

/// Seeded choices: SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators").
package struct Shuffle: RandomNumberGenerator {
  private var state: UInt64

  /// Begins the sequence of a seed.
  package init(seed: UInt64) {
    state = seed
  }

  /// The next number of the sequence.
  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
