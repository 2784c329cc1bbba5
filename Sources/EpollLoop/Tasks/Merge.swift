/// Gives the elements of two sequences as they come.
///
/// ```swift
/// for try await event in merge(keys, clicks) { handle(event) }
/// ```
///
/// Elements of one sequence keep their order. It ends when both have ended; the first error is thrown after the elements
/// that came before it. Each sequence is iterated over by a task of its own, in the isolation of the loop over the
/// result, and is one element ahead at most. When that loop ends, those tasks are cancelled, and elements that they have
/// ahead are dropped. A loop that is cancelled while it waits has taken nothing.
///
/// - Precondition: An event loop runs on this thread, and the loop over the result is isolated to an actor.
@inlinable
public func merge<First: AsyncSequence, Second: AsyncSequence>(
  _ first: First, _ second: Second
) -> DerivedSequence<First.Element> where First.Element == Second.Element {
  DerivedSequence { MergeSource([MergePart(base: first), MergePart(base: second)]) }
}

/// Gives the elements of three sequences as they come; as ``merge(_:_:)``.
@inlinable
public func merge<First: AsyncSequence, Second: AsyncSequence, Third: AsyncSequence>(
  _ first: First, _ second: Second, _ third: Third
) -> DerivedSequence<First.Element>
where First.Element == Second.Element, First.Element == Third.Element {
  DerivedSequence { MergeSource([MergePart(base: first), MergePart(base: second), MergePart(base: third)]) }
}

/// Gives the elements of any number of sequences of one type as they come; as ``merge(_:_:)``.
@inlinable
public func merge<Base: AsyncSequence>(_ bases: [Base]) -> DerivedSequence<Base.Element> {
  DerivedSequence { MergeSource(bases.map { MergePart(base: $0) }) }
}

/// A sequence to merge.
@usableFromInline
protocol MergeablePart<Element> {
  associatedtype Element
  func start(into feed: Feed<Element>, isolation: isolated (any Actor)?) -> TaskHandle<Void>
}

@usableFromInline
struct MergePart<Base: AsyncSequence>: MergeablePart {
  @usableFromInline let base: Base

  @inlinable
  init(base: Base) {
    self.base = base
  }

  @inlinable
  func start(into feed: Feed<Base.Element>, isolation: isolated (any Actor)?) -> TaskHandle<Void> {
    feed.start(base, name: "merge", isolation: isolation)
  }
}

@usableFromInline
final class MergeSource<Element>: ElementSource<Element> {
  @exclusivity(unchecked) @usableFromInline var parts: [any MergeablePart<Element>]
  @exclusivity(unchecked) @usableFromInline var tasks: [TaskHandle<Void>] = []
  @exclusivity(unchecked) @usableFromInline var hasEnded = false
  @usableFromInline let feed = Feed<Element>()

  @inlinable
  init(_ parts: [any MergeablePart<Element>]) {
    self.parts = parts
  }

  @inlinable
  deinit {
    for task in tasks { task.cancel() }
  }

  @inlinable
  override func next(isolation: isolated (any Actor)?) async throws -> Element? {
    if hasEnded { return nil }
    while !parts.isEmpty { tasks.append(parts.removeFirst().start(into: feed, isolation: isolation)) }
    switch try await feed.take() {
    case .element(let element): return element
    case .failed(let error):
      hasEnded = true
      for task in tasks { task.cancel() }
      throw error
    case .ended, .timedOut:
      hasEnded = true
      return nil
    }
  }
}
