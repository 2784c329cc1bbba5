import EpollLoop

/// A test that failed under one order of equally ready tasks.
public struct SeedFailure: Error, CustomStringConvertible {
  /// The seed that fails: pass it to
  /// ``runOnLoop(clock:shuffleSeed:endsLeftovers:countsDescriptors:allowsUnawaitedErrors:isolation:_:)`` to see it again.
  public let seed: UInt64
  /// What went wrong under it.
  public let error: any Error

  /// "seed N: ERROR", with how to replay it.
  public var description: String { "seed \(seed), to be replayed by runOnLoop(shuffleSeed: \(seed)): \(error)" }
}

/// Runs a test's body once for each seed, each time on a fresh virtual loop with another order of
/// equally ready work.
///
/// - Parameters:
///   - seeds: The seeds; each determines one order.
///   - isolation: The caller's; must be none, since `body` is isolated to each loop's actor.
///   - body: The test. It is given the seed, and throws if something is wrong.
/// - Throws: ``SeedFailure`` for the first seed that fails, leftovers included; its error is a ``FixtureError`` if the
///   caller is isolated to an actor.
public func runUnderSeeds(
  _ seeds: Range<UInt64>, isolation: isolated (any Actor)? = #isolation,
  _ body: nonisolated(nonsending) @escaping (_ seed: UInt64) async throws -> Void
) async throws {
  for seed in seeds {
    do {
      try await runOnLoop(shuffleSeed: seed) { try await body(seed) }
    } catch {
      throw SeedFailure(seed: seed, error: error)
    }
  }
}
