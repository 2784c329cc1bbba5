import CTimerHeap

/// The same random numbers on both sides, from the same seed.
struct Random {
  var seed: UInt64 = 42

  /// The next number, less than `bound`.
  mutating func next(below bound: UInt64) -> UInt64 {
    ctimer_random(&seed, bound)
  }
}
