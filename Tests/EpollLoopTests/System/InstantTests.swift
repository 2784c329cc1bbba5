import Testing

@testable import EpollLoop

@Suite struct InstantTests {
  private let start = Instant(nanoseconds: 1_000)
  private let attosecond = Duration(secondsComponent: 0, attosecondsComponent: 1)

  @Test func `a duration is added to the nanosecond`() {
    #expect(start + .nanoseconds(7) == Instant(nanoseconds: 1_007))
    #expect(start + .seconds(2) == Instant(nanoseconds: 2_000_001_000))
    #expect(start + .zero == start)
  }

  @Test func `a part of a nanosecond is rounded up, never early`() {
    #expect(start + attosecond == Instant(nanoseconds: 1_001))
    #expect(start + (.nanoseconds(5) + attosecond) == Instant(nanoseconds: 1_006))
    #expect(start + (.nanoseconds(6) - attosecond) == Instant(nanoseconds: 1_006))
  }

  @Test func `a part of a negative nanosecond is rounded towards the later`() {
    #expect(start - start + .zero - attosecond < .zero)
    #expect(start + (.zero - attosecond) == start)
    #expect(start + (.nanoseconds(-5) - attosecond) == Instant(nanoseconds: 995))
    #expect(start + .nanoseconds(-5) == Instant(nanoseconds: 995))
  }

  @Test func `rounding is never early and less than a nanosecond late for random durations`() {
    var random = Shuffle(seed: 1)
    for _ in 0..<10_000 {
      let seconds = Int64.random(in: -9_000_000_000...9_000_000_000, using: &random)
      let fraction = Int64.random(in: -999_999_999_999_999_999...999_999_999_999_999_999, using: &random)
      let duration = Duration(secondsComponent: seconds, attosecondsComponent: fraction)
      let rounded = Duration.nanoseconds(duration.nanosecondsRoundedUp)
      #expect(rounded >= duration)
      #expect(rounded - duration < .nanoseconds(1))
    }
  }

  @Test(arguments: [Duration.seconds(Int64.max), .seconds(9_223_372_037), .nanoseconds(Int64.max)])
  func `a huge duration leads to the distant future`(_ duration: Duration) {
    #expect(Instant(nanoseconds: 0) + duration == .distantFuture)
    #expect(start + duration == .distantFuture)
    #expect(.distantFuture + duration == .distantFuture)
  }

  @Test func `a hugely negative duration leads to the earliest instant`() {
    #expect(Instant(nanoseconds: -2) + .nanoseconds(Int64.min) == Instant(nanoseconds: .min))
    #expect(Instant(nanoseconds: -2) + .seconds(Int64.min) == Instant(nanoseconds: .min))
    #expect(start + .seconds(Int64.min) < start)
  }

  @Test func `the edges of what nanoseconds can say are exact`() {
    let most = Duration.nanoseconds(Int64.max)
    #expect(most.nanosecondsRoundedUp == .max)
    #expect((most - .nanoseconds(1)).nanosecondsRoundedUp == .max - 1)
    #expect((most + attosecond).nanosecondsRoundedUp == .max)
    #expect(Duration.nanoseconds(Int64.min).nanosecondsRoundedUp == .min)
    #expect(Duration.nanoseconds(Int64.min + 1).nanosecondsRoundedUp == .min + 1)
  }

  @Test func `the difference of two instants saturates`() {
    let first = Instant(nanoseconds: .min)
    #expect(start - Instant(nanoseconds: 1_005) == .nanoseconds(-5))
    #expect(.distantFuture - first == .nanoseconds(Int64.max))
    #expect(first - .distantFuture == .nanoseconds(Int64.min))
  }

  @Test func `instants are ordered by time`() {
    #expect(Instant(nanoseconds: -1) < Instant(nanoseconds: 0))
    #expect(!(start < start))
    #expect(start < .distantFuture)
  }

  @Test func `the kernel's clock does not go back`() {
    var last = Instant.kernelNow
    for _ in 0..<1_000 {
      let now = Instant.kernelNow
      #expect(now >= last)
      last = now
    }
  }

  @Test func `the time asleep is not negative`() {
    for _ in 0..<10_000 { #expect(Instant.timeAsleep >= .zero) }
  }
}
