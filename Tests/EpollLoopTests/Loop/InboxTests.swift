import CEpollShim
import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

@Suite struct InboxTests {
  private let nothing: Inbox.Item = .call {}

  @Test func `items come in the order of their submission`() throws {
    let inbox = try Inbox()
    for number in 0..<100 { #expect(inbox.submit(.actorJob(UInt(number)))) }
    var batch: [Inbox.Item] = []
    #expect(!inbox.take(into: &batch, idle: true))
    let numbers = batch.map { item -> UInt in if case .actorJob(let number) = item { number } else { .max } }
    #expect(numbers == Array(0..<100))
  }

  @Test func `the loop may sleep only if it is idle and there is nothing`() throws {
    let inbox = try Inbox()
    var batch: [Inbox.Item] = []
    #expect(!inbox.take(into: &batch, idle: false))
    #expect(inbox.take(into: &batch, idle: true))
    _ = inbox.submit(nothing)
    #expect(!inbox.take(into: &batch, idle: true))
    #expect(batch.count == 1)
    batch.removeAll()
    #expect(inbox.take(into: &batch, idle: true))
  }

  @Test func `the bell rings once for each sleep`() throws {
    let inbox = try Inbox()
    var batch: [Inbox.Item] = []
    for _ in 0..<10 { _ = inbox.submit(nothing) }
    #expect(inbox.rings == 0)
    _ = inbox.take(into: &batch, idle: true)
    batch.removeAll()
    for round in 1...5 {
      #expect(inbox.take(into: &batch, idle: true))
      for _ in 0..<100 { _ = inbox.submit(nothing) }
      #expect(inbox.rings == round)
      #expect(!inbox.take(into: &batch, idle: true))
      batch.removeAll()
    }
  }

  @Test func `a loop that is awake is not rung for`() throws {
    let inbox = try Inbox()
    var batch: [Inbox.Item] = []
    for _ in 0..<5 {
      #expect(!inbox.take(into: &batch, idle: false))
      _ = inbox.submit(nothing)
      _ = inbox.take(into: &batch, idle: false)
      batch.removeAll()
    }
    #expect(inbox.rings == 0)
  }

  @Test func `a loop that woke for something else is rung for once, then no more`() throws {
    let inbox = try Inbox()
    var batch: [Inbox.Item] = []
    #expect(inbox.take(into: &batch, idle: true))
    // It woke for a timer and is busy; it has not looked into the inbox.
    #expect(!inbox.take(into: &batch, idle: false))
    for _ in 0..<10 { _ = inbox.submit(nothing) }
    #expect(inbox.rings == 1)
  }

  @Test func `a closed inbox refuses calls and keeps the runtime's jobs`() throws {
    let inbox = try Inbox()
    #expect(inbox.open())
    inbox.refuseCalls()
    #expect(!inbox.submit(nothing))
    #expect(inbox.submit(.loopJob(1)))
    var batch: [Inbox.Item] = []
    #expect(!inbox.closeIfEmpty())
    _ = inbox.take(into: &batch, idle: true)
    #expect(batch.count == 1)
    #expect(inbox.closeIfEmpty())
    #expect(inbox.open())
    #expect(inbox.submit(nothing))
  }

  @Test func `an inbox is open for one run at a time`() throws {
    let inbox = try Inbox()
    #expect(inbox.open())
    #expect(!inbox.open())
    #expect(inbox.closeIfEmpty())
    #expect(inbox.open())
  }

  @Test func `execute before the run waits for it, after the run it is refused`() throws {
    let loop = try EventLoop(clock: .virtual)
    let calls = Counter()
    try loop.execute { calls.add() }
    #expect(calls.value == 0)
    try loop.run { await yield() }
    #expect(calls.value == 1)
    #expect(throws: IOError(.execute, .canceled, "the loop's run has ended")) {
      try loop.execute { calls.add() }
    }
    try loop.run { await yield() }
    #expect(calls.value == 1)
  }

  @Test func `a function that is refused is let go of`() throws {
    final class Held: Sendable {}
    let loop = try EventLoop(clock: .virtual)
    try loop.run {}
    weak var freed: Held?
    do {
      let held = Held()
      freed = held
      #expect(throws: IOError.self) { try loop.execute { withExtendedLifetime(held) {} } }
    }
    #expect(freed == nil)
  }

  @Test func `the storage of a burst of calls is given back`() async throws {
    try await runOnLoop {
      let (loop, core, calls) = (EventLoop.current, LoopCore.current, CallCounter())
      for _ in 0..<100_000 { try loop.execute { calls.add() } }
      while calls.value < 100_000 { await yield() }
      // The two arrays change places each time.
      for number in 100_001...100_004 {
        try loop.execute { calls.add() }
        while calls.value < number { await yield() }
        #expect(core.batch.capacity <= 4096)
      }
    }
  }

  @Test func `calls that come again and again use the same storage`() async throws {
    try await runOnLoop {
      let (loop, core, calls) = (EventLoop.current, LoopCore.current, CallCounter())
      var storage: Set<UnsafeRawPointer?> = []
      for round in 1...100 {
        for _ in 0..<2000 { try loop.execute { calls.add() } }
        while calls.value < round * 2000 { await yield() }
        if round > 2 { storage.insert(core.batch.withUnsafeBytes { UnsafeRawPointer($0.baseAddress) }) }
      }
      #expect(storage.count == 2)
    }
  }

  @Test func `execute on the loop's own thread is called after what is ready`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let order = Order()
      try loop.execute { order.append(2) }
      loop.soon { order.append(1) }
      try await sleep(for: .milliseconds(1))
      #expect(order.numbers == [1, 2])
    }
  }
}

extension Inbox {
  /// How often the bell has been rung: the eventfd's counter, which nobody reads.
  ///
  /// It stands in /proc, so that looking does not reset it.
  var rings: Int {
    let file = FileDescriptor(owning: Glibc.open("/proc/self/fdinfo/\(bellNumber)", O_RDONLY | O_CLOEXEC))
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = read(file.number, &bytes, bytes.count)
    let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("eventfd-count:") }) else { return -1 }
    return Int(line.dropFirst("eventfd-count:".count).drop { $0 == " " || $0 == "\t" }, radix: 16) ?? -1
  }
}

/// Numbers that functions of any thread append; read when they have ended.
final class Order: Sendable {
  private let lock = ThreadLock()
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private var list: [Int] = []

  func append(_ number: Int) { lock.locked { list.append(number) } }
  var numbers: [Int] { lock.locked { list } }
}
