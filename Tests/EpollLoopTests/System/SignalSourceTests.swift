import Glibc
import Testing

@testable import EpollLoop

/// Each test has signals of its own: the actions are those of the whole process.
@Suite struct SignalSourceTests {
  /// Signals for one test, SIGRTMIN and up.
  private static func signals(_ numbers: Int32...) -> [Signal] { numbers.map { Signal(rawValue: 34 + $0) } }

  @Test func `a signal is taken once`() throws {
    let signals = SignalSourceTests.signals(1)
    let source = try SignalSource(signals)
    #expect(source.next() == nil)
    deliver(signals[0])
    #expect(source.next() == signals[0])
    #expect(source.next() == nil)
  }

  @Test func `many of one kind count once, and hide no other kind`() throws {
    let signals = SignalSourceTests.signals(2, 3)
    let source = try SignalSource(signals)
    for _ in 0..<10_000 { deliver(signals[0]) }
    deliver(signals[1])
    #expect(source.next() == signals[0])
    #expect(source.next() == signals[1])
    #expect(source.next() == nil)
  }

  @Test func `a signal makes the descriptor readable until nothing is left`() throws {
    let signals = SignalSourceTests.signals(4, 5)
    let poller = try Poller()
    let source = try SignalSource(signals)
    try poller.add(source.number, for: .readable, token: 1)
    #expect(poller.events().isEmpty)
    for signal in signals { deliver(signal) }
    #expect(poller.events().count == 1)
    #expect(source.next() == signals[0])
    #expect(poller.events().count == 1)
    #expect(source.next() == signals[1])
    #expect(source.next() == nil)
    #expect(poller.events().isEmpty)
  }

  @Test func `the last signal's number is one`() throws {
    let source = try SignalSource([Signal(rawValue: 64)])
    deliver(Signal(rawValue: 64))
    #expect(source.next()?.rawValue == 64)
  }

  @Test func `a signal that another thread gets is taken`() throws {
    let signals = SignalSourceTests.signals(6)
    let source = try SignalSource(signals)
    let raised = Counter()
    try Thread.start(named: "other") {
      deliver(signals[0])
      raised.add()
    }
    #expect(raised.wait(for: 1))
    #expect(source.next() == signals[0])
  }

  @Test func `no thread's mask changes`() throws {
    let before = SignalSourceTests.blocked
    let source = try SignalSource(SignalSourceTests.signals(7))
    #expect(SignalSourceTests.blocked == before)
    withExtendedLifetime(source) {}
  }

  @Test func `each of several sources gets a signal, and the end of one leaves the others`() throws {
    let signals = SignalSourceTests.signals(8, 9)
    let first = try SignalSource(signals)
    var second: SignalSource? = try SignalSource([signals[0]])
    let third = try SignalSource(signals)
    deliver(signals[0])
    #expect(first.next() == signals[0])
    #expect(second?.next() == signals[0])
    #expect(third.next() == signals[0])
    second = nil
    for signal in signals { deliver(signal) }
    #expect(first.next() == signals[0])
    #expect(first.next() == signals[1])
    #expect(third.next() == signals[0])
    #expect(third.next() == signals[1])
  }

  @Test func `the process's action is back when the last source goes`() throws {
    let signals = SignalSourceTests.signals(10)
    let handler: @convention(c) (Int32) -> Void = { _ in }
    signal(signals[0].rawValue, handler)
    var first: SignalSource? = try SignalSource(signals)
    let whileFirst = SignalSourceTests.address(of: signals[0])
    var second: SignalSource? = try SignalSource(signals)
    first = nil
    #expect(SignalSourceTests.address(of: signals[0]) == whileFirst)
    second = nil
    #expect(SignalSourceTests.address(of: signals[0]) == unsafeBitCast(handler, to: UInt.self))
    #expect(whileFirst != unsafeBitCast(handler, to: UInt.self))
    _ = (first, second)
  }

  @Test func `an action that the program has set meanwhile stays`() throws {
    let signals = SignalSourceTests.signals(11)
    let handler: @convention(c) (Int32) -> Void = { _ in }
    var source: SignalSource? = try SignalSource(signals)
    signal(signals[0].rawValue, handler)
    source = nil
    #expect(SignalSourceTests.address(of: signals[0]) == unsafeBitCast(handler, to: UInt.self))
    _ = source
  }

  @Test func `a signal that the process ignores stays ignored`() throws {
    let signals = SignalSourceTests.signals(12, 13)
    signal(signals[0].rawValue, SIG_IGN)
    let source = try SignalSource(signals)
    for signal in signals { deliver(signal) }
    #expect(source.next() == signals[1])
    #expect(source.next() == nil)
    #expect(SignalSourceTests.address(of: signals[0]) == unsafeBitCast(SIG_IGN, to: UInt.self))
  }

  @Test(arguments: [SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, 32])
  func `signals that cannot be taken are refused`(number: Int32) {
    #expect(throws: Errno.invalidArgument) { try SignalSource([.user1, Signal(rawValue: number)]) }
  }

  /// The handler of a signal.
  private static func address(of signal: Signal) -> UInt {
    var action = sigaction()
    sigaction(signal.rawValue, nil, &action)
    return unsafeBitCast(action.__sigaction_handler, to: UInt.self)
  }

  /// The mask of this thread.
  private static var blocked: [Bool] {
    var mask = sigset_t()
    pthread_sigmask(SIG_BLOCK, nil, &mask)
    return (1...64).map { sigismember(&mask, $0) == 1 }
  }
}

/// Sends a signal to this thread and has it handled there, although the thread may block it, as those of Dispatch do.
func deliver(_ signal: Signal) {
  var (mask, before) = (sigset_t(), sigset_t())
  sigemptyset(&mask)
  sigaddset(&mask, signal.rawValue)
  pthread_sigmask(SIG_UNBLOCK, &mask, &before)
  raise(signal.rawValue)
  pthread_sigmask(SIG_SETMASK, &before, nil)
}
