extension AsyncSequence {
  /// Limits the time to wait for each element, on the loop's clock.
  ///
  /// ```swift
  /// for try await chunk in connection.timeout(.seconds(30)) { … }
  /// ```
  ///
  /// When the time is over, the wait for the element is cancelled, and its end awaited, as by
  /// ``withTimeout(_:isolation:_:)``: an element that it gives all the same is given. The time in which the body of the
  /// loop is busy does not count. A later call of the iterator goes on if this sequence does.
  ///
  /// - Parameter timeout: The maximum time to wait for an element. Zero or negative gives only elements that are there.
  /// - Throws: The loop over the result throws ``TimeoutError``.
  /// - Complexity: a child task for each element.
  @inlinable
  public func timeout(_ timeout: Duration) -> DerivedSequence<Element> {
    DerivedSequence { TimeoutSource(self.makeAsyncIterator(), timeout) }
  }
}

@usableFromInline
final class TimeoutSource<Iterator: AsyncIteratorProtocol>: ElementSource<Iterator.Element> {
  @usableFromInline let timeout: Duration
  @exclusivity(unchecked) @usableFromInline var iterator: Iterator

  @inlinable
  init(_ iterator: Iterator, _ timeout: Duration) {
    self.iterator = iterator
    self.timeout = timeout
  }

  @inlinable
  override func next(isolation: isolated (any Actor)?) async throws -> Iterator.Element? {
    try await withTimeout(timeout, isolation: isolation) { try await self.iterator.next(isolation: #isolation) }
  }
}
