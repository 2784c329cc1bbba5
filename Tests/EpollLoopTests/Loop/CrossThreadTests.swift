import EpollLoopTesting
import Synchronization
import Testing

@testable import EpollLoop

@Suite struct CrossThreadTests {
  @Test func `what many threads submit all arrives, in order per thread`() throws {
    let (threads, each) = (8, 1_000 * Effort.factor)
    let worker = try LoopThread()
    let (done, orders) = (Counter(), (0..<threads).map { _ in Order() })
    for order in orders {
      try Thread.start(named: "submitter") {
        for number in 0..<each {
          do { try worker.loop.execute { order.append(number) } } catch { Issue.record(error) }
        }
        done.add()
      }
    }
    #expect(done.wait(for: threads))
    #expect(try worker.stop())
    for order in orders { #expect(order.numbers == Array(0..<each)) }
  }

  @Test func `submissions while the loop is busy wake it once`() throws {
    let worker = try LoopThread()
    let (entered, leave, done) = (Counter(), Counter(), Counter())
    try worker.loop.execute {
      entered.add()
      _ = leave.wait(for: 1)
    }
    #expect(entered.wait(for: 1))
    let rings = worker.loop.inbox.rings
    for _ in 0..<1_000 { try worker.loop.execute { done.add() } }
    #expect(worker.loop.inbox.rings <= rings + 1)
    leave.add()
    #expect(done.wait(for: 1_000))
    #expect(try worker.stop())
  }

  /// One producer and one loop: others would make up for a wake-up that is lost.
  @Test func `no wake-up is lost in a ping-pong of one producer and one loop`() throws {
    let rounds = 5_000
    let worker = try LoopThread()
    let pong = Counter()
    for round in 1...rounds {
      try worker.loop.execute { pong.add() }
      guard pong.wait(for: round) else {
        Issue.record("the wake-up of round \(round) was lost")
        return
      }
    }
    #expect(try worker.stop())
    #expect(worker.loop.inbox.rings <= rounds + 1)
  }

  @Test func `a ping-pong of two loops loses nothing`() throws {
    let rounds = 5_000
    let (one, other) = (try LoopThread(), try LoopThread())
    let done = Counter()
    @Sendable func hit(_ ball: Int, _ here: EventLoop, _ there: EventLoop) {
      // Each one counts: the wait below is for the next, and not for all of them together.
      done.add()
      guard ball < rounds else { return }
      do { try there.execute { hit(ball + 1, there, here) } } catch { Issue.record(error) }
    }
    try one.loop.execute { hit(0, one.loop, other.loop) }
    #expect(done.wait(for: rounds + 1))
    #expect(try one.stop())
    #expect(try other.stop())
  }

  @Test func `a callback can be cancelled from another thread`() throws {
    let worker = try LoopThread()
    let (calls, scheduled, handles) = (Counter(), Counter(), Mailbox<Scheduled>())
    try worker.loop.execute {
      let loop = EventLoop.current
      loop.actor.assumeIsolated { actor in
        handles.put(loop.schedule(after: .seconds(3_600), isolation: actor) { calls.add() })
        handles.put(loop.schedule(every: .seconds(3_600), isolation: actor) { calls.add() })
      }
      scheduled.add()
    }
    #expect(scheduled.wait(for: 1))
    for handle in handles.all {
      handle.cancel()
      handle.cancel()
    }
    #expect(try worker.stop())
    #expect(calls.value == 0)
    #expect(worker.loop.census == .empty)
    // The loop has ended: nothing happens any more, and nothing traps.
    for handle in handles.all { handle.cancel() }
  }

  // They submit faster than the loop calls: its end must not wait behind what came after it.
  @Test func `threads that submit while the run ends are taken or refused, never stuck`() throws {
    for _ in 0..<5 {
      let worker = try LoopThread()
      let (ended, started, calls, taken) = (Counter(), Counter(), Counter(), Counter())
      for _ in 0..<2 {
        try Thread.start(named: "submitter") {
          started.add()
          while true {
            do { try worker.loop.execute { calls.add() } } catch { break }
            taken.add()
          }
          ended.add()
        }
      }
      #expect(started.wait(for: 2))
      #expect(try worker.stop())
      #expect(ended.wait(for: 2))
      #expect(calls.value <= taken.value)
    }
  }
}

/// Values that one thread hands to another.
final class Mailbox<Value: Sendable>: Sendable {
  private let lock = ThreadLock()
  // SAFETY: only ever touched inside `lock.locked`.
  nonisolated(unsafe) private var values: [Value] = []

  func put(_ value: Value) { lock.locked { values.append(value) } }
  var all: [Value] { lock.locked { values } }
}
