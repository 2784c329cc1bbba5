import EpollLoopTesting
import Testing

@testable import EpollLoop

/// Scheduled callbacks against a plain list: schedule, move, cancel, from outside and from callbacks.
@Suite struct CallbackModelTests {
  /// What a script does to one of its callbacks. Delays are whole milliseconds.
  private enum Operation {
    /// Schedules it, unless it is pending.
    case schedule(Int, delay: Int64)
    case move(Int, delay: Int64)
    case cancel(Int)
    /// Lets time pass.
    case pass(Int64)
    /// What the callback does when it is called the next time: to itself or to another.
    case whenCalled(Int, moves: Int, delay: Int64)
    case whenCalledCancels(Int, Int)
  }

  /// A call, as it was or should be.
  private struct Call: Equatable {
    let callback: Int
    let milliseconds: Int64
  }

  /// What the loop should do: every pending callback with its deadline and its creation.
  private struct Model {
    var pending: [(callback: Int, deadline: Int64, creation: Int)] = []
    var calls: [Call] = []
    var now: Int64 = 0
    private var creations = 0

    mutating func place(_ callback: Int, _ delay: Int64) {
      drop(callback)
      creations += 1
      pending.append((callback, now + delay, creations))
    }

    mutating func drop(_ callback: Int) { pending.removeAll { $0.callback == callback } }

    func isPending(_ callback: Int) -> Bool { pending.contains { $0.callback == callback } }

    /// What comes next until an instant, moved out and noted.
    mutating func callNext(until end: Int64) -> Int? {
      let due = pending.filter { $0.deadline <= end }
      guard let next = due.min(by: { ($0.deadline, $0.creation) < ($1.deadline, $1.creation) }) else { return nil }
      drop(next.callback)
      now = max(now, next.deadline)
      calls.append(Call(callback: next.callback, milliseconds: now))
      return next.callback
    }
  }

  private static let callbacks = 6

  @Test func `random scripts do what a list does`() async throws {
    for seed in 0..<UInt64(60 * Effort.factor) {
      var random = Shuffle(seed: seed)
      let operations = (0..<200).map { _ in operation(&random) }
      let fault = await firstFault(in: operations) { await check($0) }
      #expect(fault == nil, "seed \(seed)")
    }
  }

  private func operation(_ random: inout Shuffle) -> Operation {
    let callback = Int.random(in: 0..<Self.callbacks, using: &random)
    let other = Int.random(in: 0..<Self.callbacks, using: &random)
    let delay = Int64.random(in: 0...4, using: &random)
    switch Int.random(in: 0..<12, using: &random) {
    case 0..<3: return .schedule(callback, delay: delay)
    case 3..<5: return .move(callback, delay: delay)
    case 5: return .cancel(callback)
    case 6..<8: return .pass(delay)
    case 8..<11: return .whenCalled(callback, moves: other, delay: delay)
    default: return .whenCalledCancels(callback, other)
    }
  }

  private func check(_ operations: [Operation]) async -> String? {
    do {
      let (ours, expected) = (try await calls(operations), modelCalls(operations))
      return ours == expected ? nil : "\(ours), not \(expected)"
    } catch {
      return "\(error)"
    }
  }

  /// What the list says.
  private func modelCalls(_ operations: [Operation]) -> [Call] {
    var model = Model()
    var reactions: [Int: Operation] = [:]
    func pass(_ time: Int64) {
      let end = model.now + time
      while let callback = model.callNext(until: end) {
        switch reactions.removeValue(forKey: callback) {
        case .whenCalled(_, let other, let delay) where other == callback || model.isPending(other):
          model.place(other, delay)
        case .whenCalledCancels(_, let other): model.drop(other)
        default: break
        }
      }
      model.now = end
    }
    for operation in operations {
      switch operation {
      case .schedule(let callback, let delay):
        if !model.isPending(callback) { model.place(callback, delay) }
      case .move(let callback, let delay):
        if model.isPending(callback) { model.place(callback, delay) }
      case .cancel(let callback): model.drop(callback)
      case .pass(let time): pass(time)
      case .whenCalled(let callback, _, _), .whenCalledCancels(let callback, _): reactions[callback] = operation
      }
    }
    pass(1_000)
    return model.calls
  }

  /// What the loop does.
  private func calls(_ operations: [Operation]) async throws -> [Call] {
    try await runOnLoop {
      let loop = EventLoop.current
      let script = Script(loop)
      for operation in operations {
        switch operation {
        case .schedule(let callback, let delay): script.schedule(callback, delay)
        case .move(let callback, let delay): script.move(callback, delay)
        case .cancel(let callback): script.cancel(callback)
        case .pass(let time): try await script.pass(time)
        case .whenCalled(let callback, _, _), .whenCalledCancels(let callback, _):
          script.reactions[callback] = operation
        }
      }
      try await script.pass(1_000)
      return script.calls
    }
  }

  /// A script that runs on a loop.
  private final class Script {
    var handles: [Int: Scheduled] = [:]
    var reactions: [Int: Operation] = [:]
    var calls: [Call] = []
    private var isPending: Set<Int> = []
    private let loop: EventLoop

    init(_ loop: EventLoop) { self.loop = loop }

    func schedule(_ callback: Int, _ delay: Int64, isolation: isolated (any Actor)? = #isolation) {
      guard isPending.insert(callback).inserted else { return }
      handles[callback] = loop.schedule(after: .milliseconds(delay)) { [self] in called(callback) }
    }

    func move(_ callback: Int, _ delay: Int64) {
      handles[callback]?.reschedule(after: .milliseconds(delay))
    }

    func cancel(_ callback: Int) {
      handles[callback]?.cancel()
      isPending.remove(callback)
    }

    /// Lets time pass, and all that is due in it be called.
    func pass(_ time: Int64) async throws {
      let end = loop.now + .milliseconds(time)
      try await sleep(until: end)
      // What is due at the end itself is called by now or waits for the next look; it may place more.
      for _ in 0..<100 { try await sleep(until: end) }
    }

    private func called(_ callback: Int) {
      isPending.remove(callback)
      calls.append(Call(callback: callback, milliseconds: loop.now.nanoseconds / 1_000_000))
      switch reactions.removeValue(forKey: callback) {
      case .whenCalled(_, let other, let delay):
        if handles[other]?.reschedule(after: .milliseconds(delay)) == true { isPending.insert(other) }
      case .whenCalledCancels(_, let other):
        cancel(other)
      default: break
      }
    }
  }
}
