@testable import EpollLoop

/// An operation of a random program has failed on purpose.
struct ToolboxBroken: Error, Hashable {
  let number: UInt64
}

/// Tasks that start and end together, as they were seen: to be compared with what is said of them.
// SAFETY: on one loop's thread, also by child tasks of Swift's own.
final class ToolboxGroup: @unchecked Sendable {
  /// How many run.
  private(set) var running = 0
  /// How many have begun.
  private(set) var begun = 0
  /// The most that ran at once.
  private(set) var peak = 0
  /// What they came to, in the order of their ends.
  private(set) var ends: [Result<Int, any Error>] = []
  private let ledger: ToolboxLedger

  init(_ ledger: ToolboxLedger) { self.ledger = ledger }

  func begin() {
    begun += 1
    running += 1
    peak = max(peak, running)
  }

  func end(_ result: Result<Int, any Error>) {
    running -= 1
    ends.append(result)
  }

  /// Those that have failed on purpose, in the order of their ends.
  var broken: [ToolboxBroken] { ends.compactMap { $0.error as? ToolboxBroken } }

  /// The errors of those that have failed, in the order of their ends.
  var errors: [any Error] { ends.compactMap(\.error) }

  /// What those returned that succeeded, in the order of their ends.
  var values: [Int] { ends.compactMap { try? $0.get() } }

  /// Sees that none has outlived the others, and that no more ran at once than were allowed.
  func check(_ act: ToolboxAct, limit: Int = .max) {
    ledger.check(running == 0, "\(running) outlive a \(act)")
    ledger.check(peak <= limit, "\(peak) of a \(act) run at once, not \(limit)")
  }

  /// Sees that the task that ends now has been cancelled, if the others have been decided without it.
  func checkCancelled(_ act: ToolboxAct, after isDecided: Bool) {
    ledger.check(!isDecided || Task.isCancelled, "a \(act) is decided, and lets the others run on")
  }

  /// Notes how it went, and compares it with what it should have come to.
  ///
  /// - Throws: `CancellationError`, if it came to that.
  func settle<Value: Equatable>(
    _ act: ToolboxAct, _ result: Result<Value, any Error>, expected: Result<Value, any Error>
  ) throws {
    switch (result, expected) {
    case (.success(let value), .success(let other)):
      ledger.check(value == other, "a \(act) returned \(value), not \(other)")
      ledger.note(act, 0, begun, ends.count)
    case (.failure(let error as ToolboxBroken), .failure(let other as ToolboxBroken)):
      ledger.check(error == other, "a \(act) threw \(error), not \(other)")
      ledger.note(act, 1, begun, Int(truncatingIfNeeded: error.number))
    case (.failure(is CancellationError), .failure(is CancellationError)):
      ledger.note(act, 2, begun, ends.count)
      throw CancellationError()
    default:
      ledger.check(false, "a \(act) came to \(result), not \(expected)")
    }
  }
}

extension Result {
  /// The error, if it is one.
  var error: Failure? {
    switch self {
    case .success: nil
    case .failure(let error): error
    }
  }
}

/// What `body` comes to.
func outcome<Value>(of body: () async throws -> Value) async -> Result<Value, any Error> {
  do { return .success(try await body()) } catch { return .failure(error) }
}
