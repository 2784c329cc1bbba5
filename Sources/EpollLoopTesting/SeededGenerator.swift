import EpollLoop

/// Random numbers that a seed determines, for tests of what chance decides: the same each time.
///
/// ```swift
/// try await retry(attempts: 3, wait: .exponential().jittered(.full), using: SeededGenerator(seed: 1)) { … }
/// ```
public struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var numbers: Shuffle

  /// Begins the sequence of a seed.
  public init(seed: UInt64) {
    numbers = Shuffle(seed: seed)
  }

  /// The next number of the sequence.
  public mutating func next() -> UInt64 { numbers.next() }
}
