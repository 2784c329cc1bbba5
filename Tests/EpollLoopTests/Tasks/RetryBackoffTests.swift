import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct RetryBackoffTests {
  /// The first waits of a backoff.
  private func waits(_ backoff: Backoff, _ count: Int, seed: UInt64 = 1) -> [Duration] {
    var generator = SeededGenerator(seed: seed)
    return (1...count).map { backoff.wait(after: $0, using: &generator) }
  }

  private func seconds(_ numbers: Double...) -> [Duration] { numbers.map { .seconds($0) } }

  @Test func `no wait is none, and a fixed one is the same each time`() {
    #expect(waits(.none, 3) == seconds(0, 0, 0))
    #expect(waits(.fixed(.seconds(2)), 3) == seconds(2, 2, 2))
  }

  @Test func `an exponential one grows by its factor up to its limit`() {
    let backoff = Backoff.exponential(from: .seconds(1), factor: 3, upTo: .seconds(20))
    #expect(waits(backoff, 5) == seconds(1, 3, 9, 20, 20))
    #expect(waits(.exponential(), 10).first == .milliseconds(100))
    #expect(waits(.exponential(), 10).last == .seconds(30))
    #expect(waits(.exponential(from: .seconds(1), factor: 1), 3) == seconds(1, 1, 1))
    #expect(waits(.exponential(from: .seconds(1), factor: 1.5), 3) == seconds(1, 1.5, 2.25))
  }

  @Test func `waits saturate`() {
    let huge = Backoff.exponential(from: .nanoseconds(1 << 60), factor: 10, upTo: .nanoseconds(Int64.max))
    #expect(waits(huge, 3) == [.nanoseconds(1 << 60), .nanoseconds(Int64.max), .nanoseconds(Int64.max)])
    var generator = SeededGenerator(seed: 1)
    #expect(huge.wait(after: .max, using: &generator) == .nanoseconds(Int64.max))
    #expect(Backoff.exponential(from: .zero).wait(after: .max, using: &generator) == .zero)
    let small = Backoff.exponential(from: .nanoseconds(1), factor: .greatestFiniteMagnitude, upTo: .seconds(5))
    #expect(waits(small, 3) == [.nanoseconds(1), .seconds(5), .seconds(5)])
    #expect(waits(.fixed(.seconds(Int64.max)) + .fixed(.seconds(1)), 1) == [.nanoseconds(Int64.max)])
  }

  @Test func `the longest wait can be left to chance`() {
    for jitter in [Backoff.Jitter.full, .equal] {
      for wait in waits(.fixed(.seconds(Int64.max)).jittered(jitter), 100) { #expect(wait >= .zero) }
    }
  }

  @Test func `a random one keeps within its range and reaches both halves`() {
    let found = waits(.random(in: .seconds(1) ... .seconds(2)), 200)
    #expect(found.allSatisfy { (.seconds(1) ... .seconds(2)).contains($0) })
    #expect(found.contains { $0 < .seconds(1.1) } && found.contains { $0 > .seconds(1.9) })
  }

  @Test func `full jitter is anything up to the wait, equal jitter anything from half of it`() {
    let full = waits(.fixed(.seconds(10)).jittered(.full), 200)
    #expect(full.allSatisfy { $0 <= .seconds(10) })
    #expect(full.contains { $0 < .seconds(1) } && full.contains { $0 > .seconds(9) })
    let equal = waits(.fixed(.seconds(10)).jittered(.equal), 200)
    #expect(equal.allSatisfy { (.seconds(5) ... .seconds(10)).contains($0) })
    #expect(equal.contains { $0 < .seconds(5.5) } && equal.contains { $0 > .seconds(9.5) })
    #expect(waits(Backoff.none.jittered(.equal), 1) == [.zero])
  }

  @Test func `they are put together`() {
    let backoff = (.exponential(from: .seconds(1)) + .fixed(.seconds(10))).limited(to: .seconds(13))
    #expect(waits(backoff, 4) == seconds(11, 12, 13, 13))
    #expect(waits(.listed([.seconds(3), .seconds(1)]), 4) == seconds(3, 1, 1, 1))
  }

  @Test func `a seed determines all`() {
    let backoff = Backoff.exponential().jittered(.full) + .random(in: .zero ... .seconds(1))
    #expect(waits(backoff, 20, seed: 5) == waits(backoff, 20, seed: 5))
    #expect(waits(backoff, 20, seed: 5) != waits(backoff, 20, seed: 6))
  }

  @Test func `equal ones are equal`() {
    #expect(Backoff.exponential().jittered(.full) == .exponential().jittered(.full))
    #expect(Backoff.exponential().jittered(.full) != .exponential().jittered(.equal))
  }

  @Test func `a factor that shrinks traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Backoff.exponential(factor: 0.5)
    }
    #expect(names("A backoff grows by a factor of at least 1", result))
    await #expect(processExitsWith: .failure) { _ = Backoff.exponential(factor: .nan) }
    await #expect(processExitsWith: .failure) { _ = Backoff.exponential(factor: .infinity) }
  }

  @Test func `a negative wait traps`() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Backoff.fixed(.nanoseconds(-1))
    }
    #expect(names("A wait is never negative", result))
    await #expect(processExitsWith: .failure) { _ = Backoff.none.limited(to: .seconds(-1)) }
    await #expect(processExitsWith: .failure) { _ = Backoff.random(in: .seconds(-1) ... .seconds(1)) }
  }

  @Test func `an empty list and attempt 0 trap`() async {
    await #expect(processExitsWith: .failure) { _ = Backoff.listed([]) }
    await #expect(processExitsWith: .failure) {
      var generator = SystemRandomNumberGenerator()
      _ = Backoff.none.wait(after: 0, using: &generator)
    }
  }
}
