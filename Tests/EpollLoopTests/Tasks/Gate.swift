@testable import EpollLoop
import Synchronization
import Testing

/// A door between threads: those that wait go on once it is open, and it stays open.
final class Gate: Sendable {
  private let lock = ThreadLock()
  private let isOpen = Atomic(false)

  func open() {
    lock.locked {
      isOpen.store(true, ordering: .sequentiallyConsistent)
      lock.signal()
    }
  }

  /// Blocks this thread until the gate is open.
  func wait() {
    lock.locked {
      while !isOpen.load(ordering: .sequentiallyConsistent) { _ = lock.wait(timeoutNanoseconds: 1_000_000_000) }
      // One signal wakes one thread, who passes it on.
      lock.signal()
    }
  }
}

/// A number that any thread may count up.
final class CallCounter: Sendable {
  private let count = Atomic(0)

  var value: Int { count.load(ordering: .sequentiallyConsistent) }

  /// Counts up or down, and returns the new value.
  @discardableResult
  func add(_ difference: Int = 1) -> Int {
    count.add(difference, ordering: .sequentiallyConsistent).newValue
  }
}

extension ThreadPool {
  /// Where calls that belong to no loop come back to: nobody takes them in.
  private static let returns: CallReturns? = {
    do {
      return CallReturns(try Inbox())
    } catch {
      Issue.record(error)
      return nil
    }
  }()

  /// Has a function called that belongs to no loop.
  func submit(_ body: @escaping @Sendable () -> Void) throws {
    let call = Unmanaged.passRetained(OffloadedCall { body() })
    try submit(CallBatch([call], #require(ThreadPool.returns)))
  }
}

/// What a test's own operations throw.
struct Broken: Error, Equatable {
  var number = 0
}

/// Waits for ever, as far as the clock is concerned: only a cancellation ends it.
func waitForever() async throws {
  try await sleep(until: .distantFuture)
}

/// What a test under seeds throws when something is wrong.
struct Wrong: Error, CustomStringConvertible {
  let description: String
}

/// Throws unless a condition holds.
func check(_ condition: Bool, _ what: @autoclosure () -> String) throws {
  guard condition else { throw Wrong(description: what()) }
}

/// The error that `body` throws; nil if it throws none. Also inside an expectation, which may not nest.
func errorOf(_ body: () async throws -> Void) async -> (any Error)? {
  do {
    try await body()
    return nil
  } catch {
    return error
  }
}

/// As `withTaskCancellationHandler`, whose operation Swift 6.3 runs outside of the caller's actor unless it is written
/// in the actor's own code.
func withCancellationHandler<Value>(
  _ operation: nonisolated(nonsending) () async throws -> Value, isolation: isolated (any Actor)? = #isolation,
  onCancel cancel: @Sendable () -> Void
) async rethrows -> Value {
  try await withTaskCancellationHandler {
    _ = isolation
    return try await operation()
  } onCancel: {
    cancel()
  }
}
