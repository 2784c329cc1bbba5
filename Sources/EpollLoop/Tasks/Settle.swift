extension AsyncSequence {
  /// Gives an element when no other has come for a duration of the loop's clock; the earlier ones are dropped.
  ///
  /// ```swift
  /// for try await text in edits.debounce(for: .milliseconds(300)) { try await search(text) }
  /// ```
  ///
  /// The last element before the end is given at once, and one before an error before the error. A task iterates over this
  /// sequence without a pause, in the isolation of the loop over the result; while the body of that loop is busy, only the
  /// last element is kept. When the loop ends, the task is cancelled.
  ///
  /// - Parameter duration: The time without an element, never shorter; zero or negative is the next look at the clock.
  /// - Precondition: An event loop runs on this thread, and the loop over the result is isolated to an actor.
  @inlinable
  public func debounce(for duration: Duration) -> DerivedSequence<Element> {
    DerivedSequence { SettleSource(self, .debounce, duration) }
  }

  /// Gives at most one element in each period of the loop's clock, the first one at once.
  ///
  /// ```swift
  /// for try await position in positions.throttle(for: .milliseconds(100)) { draw(position) }
  /// ```
  ///
  /// A period begins when an element is given. Of the elements that come in it one is given at its end, and the others
  /// are dropped. The end of the sequence, or its error, comes after that one. A task iterates over this sequence as with
  /// ``debounce(for:)``.
  ///
  /// - Parameters:
  ///   - period: The shortest time from element to element.
  ///   - latest: Whether the last element of a period is kept, or the first.
  /// - Precondition: As ``debounce(for:)``.
  @inlinable
  public func throttle(for period: Duration, latest: Bool = true) -> DerivedSequence<Element> {
    DerivedSequence { SettleSource(self, latest ? .throttleLatest : .throttleFirst, period) }
  }
}

/// Which elements are kept, and when they are given.
@usableFromInline
enum SettleRule {
  case debounce, throttleLatest, throttleFirst
}

/// The one element that is kept, and the instant at which it is given.
@usableFromInline
final class Settling<Element> {
  @usableFromInline let rule: SettleRule
  @usableFromInline let period: Duration
  @exclusivity(unchecked) @usableFromInline var kept: Element?
  @exclusivity(unchecked) @usableFromInline var due = Instant(nanoseconds: .min)
  @exclusivity(unchecked) @usableFromInline var failure: (any Error)?
  @exclusivity(unchecked) @usableFromInline var hasEnded = false
  @usableFromInline let takers = WaitLine()

  @inlinable
  init(_ rule: SettleRule, _ period: Duration) {
    self.rule = rule
    self.period = period
  }

  /// Starts the task that iterates over the sequence; it is to be cancelled in the end.
  @inlinable
  func start<Base: AsyncSequence>(_ base: Base, isolation: isolated (any Actor)?) -> TaskHandle<Void>
  where Base.Element == Element {
    spawn(name: rule == .debounce ? "debounce" : "throttle", isolation: isolation) {
      do {
        var iterator = base.makeAsyncIterator()
        while !Task.isCancelled, let element = try await iterator.next(isolation: #isolation) {
          self.put(element)
          if self.takers.spend() { await self.takers.giveWay() }
        }
      } catch {
        self.failure = error
      }
      self.hasEnded = true
      self.takers.wakeAll()
    }
  }

  @inlinable
  func put(_ element: Element) {
    let isFirst = kept == nil
    let old = kept
    if isFirst || rule != .throttleFirst { kept = element }
    if rule == .debounce { due = EventLoop.current.now + period }
    // A later element only moves the instant; the waiting task reads it when it wakes.
    if isFirst { takers.wakeAll() }
    withExtendedLifetime(old) {}
  }

  /// Takes the element when it is due.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while it waits; then nothing is lost.
  @inlinable
  func take() async throws -> Element? {
    while true {
      let isLast = hasEnded && rule == .debounce
      if kept != nil, isLast || due <= EventLoop.current.now {
        if rule != .debounce { due = EventLoop.current.now + period }
        return kept.take()
      }
      if hasEnded, kept == nil {
        if let failure = failure.take() { throw failure }
        return nil
      }
      try await takers.wait(until: kept == nil ? .distantFuture : due, for: "an element that is due")
    }
  }
}

@usableFromInline
final class SettleSource<Base: AsyncSequence>: ElementSource<Base.Element> {
  @exclusivity(unchecked) @usableFromInline var base: Base?
  @exclusivity(unchecked) @usableFromInline var task: TaskHandle<Void>?
  @usableFromInline let settling: Settling<Base.Element>

  @inlinable
  init(_ base: Base, _ rule: SettleRule, _ period: Duration) {
    self.base = base
    settling = Settling(rule, period)
  }

  @inlinable
  deinit { task?.cancel() }

  @inlinable
  override func next(isolation: isolated (any Actor)?) async throws -> Base.Element? {
    if let base = base.take() { task = settling.start(base, isolation: isolation) }
    return try await settling.take()
  }
}
