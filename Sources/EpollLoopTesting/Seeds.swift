import EpollLoop

#if canImport(Testing)
  import Synchronization
  import Testing
#endif

/// A test that failed under one order of equally ready tasks.
public struct SeedFailure: Error, CustomStringConvertible {
  /// The seed that fails: pass it to
  /// ``runOnLoop(clock:shuffleSeed:timeLimit:endsLeftovers:countsDescriptors:allowsUnawaitedErrors:isolation:_:)`` to see it again.
  public let seed: UInt64
  /// What went wrong under it.
  public let error: any Error

  /// "seed N: ERROR", with how to replay it.
  public var description: String { "\(SeedFailure.replay(seed)): \(error)" }

  /// How to see a seed's order again.
  static func replay(_ seed: UInt64) -> String { "seed \(seed), to be replayed by runOnLoop(shuffleSeed: \(seed))" }
}

/// Runs a test's body once for each seed, each time on a fresh virtual loop with another order of
/// equally ready work.
///
/// - Parameters:
///   - seeds: The seeds; each determines one order.
///   - isolation: The caller's; must be none, since `body` is isolated to each loop's actor.
///   - body: The test. It is given the seed, and throws if something is wrong.
/// An expectation of Swift Testing that fails does not end the run; an issue before the first one of each seed names the
/// seed.
///
/// - Throws: ``SeedFailure`` for the first seed that fails, leftovers included; its error is a ``FixtureError`` if the
///   caller is isolated to an actor.
public func runUnderSeeds(
  _ seeds: Range<UInt64>, isolation: isolated (any Actor)? = #isolation,
  _ body: nonisolated(nonsending) @escaping (_ seed: UInt64) async throws -> Void
) async throws {
  for seed in seeds {
    do {
      try await runOnLoop(shuffleSeed: seed) { try await namingSeed(seed) { try await body(seed) } }
    } catch {
      throw SeedFailure(seed: seed, error: error)
    }
  }
}

/// Runs `body`, and records the seed next to the first issue of Swift Testing that it records.
///
/// A failing expectation is an issue and not an error, and names no seed.
func namingSeed(
  _ seed: UInt64, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Void
) async throws {
  #if canImport(Testing)
    let hasNamed = Atomic(false)
    try await withKnownIssue(isIntermittent: true, isolation: isolation) {
      _ = isolation
      try await body()
    } matching: { issue in
      // An error is thrown on, and `SeedFailure` names its seed.
      if case .errorCaught = issue.kind { return false }
      if !hasNamed.exchange(true, ordering: .relaxed) { Issue.record("\(SeedFailure.replay(seed))") }
      return false
    }
  #else
    try await body()
  #endif
}
