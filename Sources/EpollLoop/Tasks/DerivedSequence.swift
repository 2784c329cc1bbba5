/// A sequence that is made of others, on one loop: by `merge`, `debounce`, `throttle`, `chunks` and `timeout`.
///
/// Elements need not be `Sendable`: everything runs in the isolation of the loop over it. Each loop over it iterates over
/// its sequences anew. When an iterator goes, the tasks that it has started are cancelled.
public struct DerivedSequence<Element>: AsyncSequence {
  /// Gives the elements, to one task at a time.
  public struct Iterator: AsyncIteratorProtocol {
    @usableFromInline let source: ElementSource<Element>

    @inlinable
    init(_ source: ElementSource<Element>) {
      self.source = source
    }

    /// Waits for the next element; nil at the end.
    ///
    /// - Throws: The error of a sequence, or of what the sequence was made by; `CancellationError` if the task is cancelled
    ///   while it waits, and then no element is lost.
    @inlinable
    public mutating func next() async throws -> Element? {
      try await source.next(isolation: #isolation)
    }

    /// Waits for the next element; as ``next()``.
    @inlinable
    public mutating func next(isolation: isolated (any Actor)?) async throws -> Element? {
      try await source.next(isolation: isolation)
    }
  }

  @usableFromInline let makeSource: () -> ElementSource<Element>

  @inlinable
  init(_ makeSource: @escaping () -> ElementSource<Element>) {
    self.makeSource = makeSource
  }

  /// Begins to iterate; tasks start with the first call of ``Iterator/next()``.
  ///
  /// - Precondition: An event loop runs on this thread.
  @inlinable
  public func makeAsyncIterator() -> Iterator { Iterator(makeSource()) }
}

/// What gives the elements of a ``DerivedSequence``.
///
/// A class: when the iterator goes, so does its source, and ends the tasks that it has started.
@usableFromInline
class ElementSource<Element> {
  @inlinable
  init() {}

  /// The next element; nil at the end.
  @usableFromInline
  func next(isolation: isolated (any Actor)?) async throws -> Element? {
    preconditionFailure("A source of elements does not say what comes next")
  }
}
