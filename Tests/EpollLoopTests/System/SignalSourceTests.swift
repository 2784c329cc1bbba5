import CEpollShim
import Glibc
import Testing

@testable import EpollLoop

// Each test stays on its thread and sends to it alone: raise(3). They use signals of their own.
@Suite(.serialized) struct SignalSourceTests {
  private let first = Signal(rawValue: SIGUSR1)
  private let second = Signal(rawValue: SIGUSR2)

  @Test func `a signal is taken once`() throws {
    let source = try SignalSource([first])
    #expect(source.next() == nil)
    raise(first.rawValue)
    #expect(source.next() == first)
    #expect(source.next() == nil)
  }

  @Test func `many of one kind count once, other kinds beside them`() throws {
    let source = try SignalSource([first, second])
    for _ in 0..<5 { raise(first.rawValue) }
    raise(second.rawValue)
    var taken: [Signal] = []
    while let signal = source.next() { taken.append(signal) }
    #expect(taken == [first, second])
  }

  @Test func `the end of one source leaves another one's signals blocked`() throws {
    var before: UInt64 = 0
    _ = cepoll_signal_block(0, &before)
    defer { _ = cepoll_signal_restore(before) }
    _ = cepoll_signal_restore(0)
    var earlier: SignalSource? = try SignalSource([first])
    let later = try SignalSource([second])
    #expect(earlier?.number != later.number)
    earlier = nil
    var mask: UInt64 = 0
    _ = cepoll_signal_block(0, &mask)
    #expect(mask >> UInt64(second.rawValue - 1) & 1 == 1)
    #expect(mask >> UInt64(first.rawValue - 1) & 1 == 0)
    raise(second.rawValue)
    #expect(later.next() == second)
  }

  @Test func `a waiting signal makes the descriptor readable`() throws {
    let poller = try Poller()
    let source = try SignalSource([first])
    try poller.add(source.number, for: .readable, token: 1)
    #expect(poller.events().isEmpty)
    raise(first.rawValue)
    #expect(poller.events().count == 1)
    #expect(source.next() == first)
    #expect(poller.events().isEmpty)
  }

  @Test func `the signals are blocked as long as the source lives`() throws {
    let bit = UInt64(1) << UInt64(first.rawValue - 1)
    let before = mask
    defer { _ = cepoll_signal_restore(before) }
    _ = cepoll_signal_restore(before & ~bit)
    do {
      let source = try SignalSource([first])
      #expect(mask & bit != 0)
      withExtendedLifetime(source) {}
    }
    #expect(mask & bit == 0)
  }

  @Test func `sources that are nested give back what they found`() throws {
    let found = mask
    defer { _ = cepoll_signal_restore(found) }
    _ = cepoll_signal_restore(0)
    let outer = try SignalSource([first])
    let before = mask
    do {
      let inner = try SignalSource([second])
      #expect(mask != before)
      withExtendedLifetime(inner) {}
    }
    #expect(mask == before)
    withExtendedLifetime(outer) {}
  }

  @Test func `the last signal's number is one`() throws {
    let source = try SignalSource([Signal(rawValue: 64)])
    raise(64)
    #expect(source.next()?.rawValue == 64)
  }

  private var mask: UInt64 {
    var mask: UInt64 = 0
    _ = cepoll_signal_block(0, &mask)
    return mask
  }
}
