import EpollLoop
import EpollLoopTesting
import Testing

@testable import struct EpollLoop.Shuffle

/// What a queue or a channel should do, in the simplest words: items, and tasks that wait, in arrays.
///
/// Each operation says what it begins before it begins, and what became of it: the two must agree.
final class ExchangeModel {
  enum Outcome: Equatable {
    /// Not known yet: it waits.
    case waits
    case put
    case got(Int)
    case cancelled
    case closed
  }

  /// The subject of the test.
  struct Subject {
    let put: (Int) async throws -> Void
    /// Nil once it is closed and empty.
    let get: () async throws -> Int?
    let tryPut: (Int) throws -> Bool
    let tryGet: () throws -> Int?
    let close: () -> Void
  }

  enum Order: CaseIterable { case fifo, lifo, priority }

  private let capacity: Int
  private let order: Order
  private var items: [Int] = []
  private var getters: [Int] = []
  private var putters: [(task: Int, item: Int)] = []
  private var isClosed = false
  private var expected: [Int: Outcome] = [:]
  /// How often each outcome came about.
  private(set) var counts: [String: Int] = [:]
  private(set) var faults: [String] = []

  init(capacity: Int, _ order: Order) {
    self.capacity = capacity
    self.order = order
  }

  private func tryPut(_ item: Int) -> Bool {
    if !getters.isEmpty {
      expected[getters.removeFirst()] = .got(item)
    } else if items.count < capacity {
      items.append(item)
    } else {
      return false
    }
    return true
  }

  private func tryGet() -> Int? {
    var index: Int? = items.isEmpty ? nil : 0
    switch order {
    case .fifo: break
    case .lifo: index = items.indices.last
    // The priority is the tens; `min` gives the first of equals.
    case .priority: index = items.indices.min { items[$0] / 10 % 10 < items[$1] / 10 % 10 }
    }
    let item = index.map { items.remove(at: $0) }
    if !putters.isEmpty, item != nil || capacity == 0 {
      let (task, offer) = putters.removeFirst()
      expected[task] = .put
      guard item != nil else { return offer }
      items.append(offer)
    }
    return item
  }

  private func begin(_ task: Int, put item: Int?) {
    if let item {
      if isClosed { return expected[task] = .closed }
      expected[task] = tryPut(item) ? .put : .waits
      if expected[task] == .waits { putters.append((task, item)) }
    } else if let item = tryGet() {
      expected[task] = .got(item)
    } else {
      expected[task] = isClosed ? .closed : .waits
      if !isClosed { getters.append(task) }
    }
  }

  private func cancel(_ task: Int) {
    guard expected[task] == .waits else { return }
    getters.removeAll { $0 == task }
    putters.removeAll { $0.task == task }
    expected[task] = .cancelled
  }

  private func close() {
    isClosed = true
    for task in getters + putters.map(\.task) { expected[task] = .closed }
    getters = []
    putters = []
  }

  private func end(_ task: Int, _ outcome: Outcome) {
    expect(outcome, expected[task] ?? .waits, "task \(task)")
  }

  private func expect<Value: Equatable>(_ value: Value, _ expected: Value, _ what: String) {
    counts["\(value)".prefix { $0.isLetter }.description, default: 0] += 1
    if value != expected { faults.append("\(what): \(value) instead of \(expected)") }
  }

  /// Does random things to a subject and to the model, and compares.
  func drive(_ subject: Subject, _ random: inout Shuffle, steps: Int) async throws {
    var tasks: [TaskHandle<Void>] = []
    for step in 0..<steps {
      switch Int.random(in: 0..<20, using: &random) {
      case 0..<6: tasks.append(start(subject, tasks.count, put: step))
      case 6..<12: tasks.append(start(subject, tasks.count, put: nil))
      case 12: expect(try subject.tryPut(step), tryPut(step), "tryPut")
      case 13: expect(try subject.tryGet(), tryGet(), "tryGet")
      case 14..<17:
        // Mostly young ones, which may wait still.
        guard let task = tasks.indices.suffix(8).randomElement(using: &random) else { continue }
        cancel(task)
        tasks[task].cancel()
      default: await yield()
      }
    }
    await yield()
    close()
    subject.close()
    while let item = tryGet() { expect(try await subject.get(), item, "rest") }
    // Those that were cancelled before they began end with an error.
    for task in tasks { do { try await task.value } catch is CancellationError {} }
  }

  private func start(
    _ subject: Subject, _ task: Int, put item: Int?, isolation: isolated (any Actor)? = #isolation
  ) -> TaskHandle<Void> {
    spawn {
      self.begin(task, put: item)
      do {
        if let item {
          try await subject.put(item)
          self.end(task, .put)
        } else if let item = try await subject.get() {
          self.end(task, .got(item))
        } else {
          self.end(task, .closed)
        }
      } catch is CancellationError {
        self.end(task, .cancelled)
      } catch {
        self.end(task, .closed)
      }
    }
  }
}
