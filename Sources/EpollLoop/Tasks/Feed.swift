/// Carries elements from tasks that iterate over sequences to the one that takes them.
///
/// Each of those tasks is one element ahead at most: it goes on when its element is taken.
@usableFromInline
final class Feed<Element> {
  /// What there is to take.
  @usableFromInline
  enum Item {
    case element(Element)
    /// A sequence has failed; elements that came before were taken before.
    case failed(any Error)
    /// All sequences have ended.
    case ended
    /// The deadline has come first.
    case timedOut
  }

  /// One for each giver that waits, in their order.
  @exclusivity(unchecked) @usableFromInline var elements = Ring<Element>()
  /// The number of tasks that have not ended.
  @exclusivity(unchecked) @usableFromInline var running = 0
  @exclusivity(unchecked) @usableFromInline var failure: (any Error)?
  @usableFromInline let takers = WaitLine()
  @usableFromInline let givers = WaitLine()

  @inlinable
  init() {}

  /// Starts a task that iterates over a sequence, in the caller's isolation; it is to be cancelled in the end.
  @inlinable
  func start<Base: AsyncSequence>(
    _ base: Base, name: String, isolation: isolated (any Actor)?
  ) -> TaskHandle<Void> where Base.Element == Element {
    running += 1
    return spawn(name: name, isolation: isolation) {
      do {
        var iterator = base.makeAsyncIterator()
        while !Task.isCancelled, let element = try await iterator.next(isolation: #isolation) {
          self.elements.append(element)
          self.takers.wakeAll()
          _ = try await self.givers.wait(for: "its element to be taken")
        }
        self.end(nil)
      } catch {
        self.end(error)
      }
    }
  }

  @inlinable
  func end(_ error: (any Error)?) {
    running -= 1
    if failure == nil { failure = error }
    takers.wakeAll()
  }

  /// Takes the element that came first, and waits while there is none.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits; then no element is lost.
  @inlinable
  func take(until deadline: Instant = .distantFuture) async throws -> Item {
    while true {
      if let element = elements.removeFirst() {
        _ = givers.wakeFirst()
        if takers.spend() { await takers.giveWay() }
        return .element(element)
      }
      if let failure { return .failed(failure) }
      if running == 0 { return .ended }
      if deadline < .distantFuture, deadline <= EventLoop.current.now { return .timedOut }
      try await takers.wait(until: deadline, for: "an element")
    }
  }
}
