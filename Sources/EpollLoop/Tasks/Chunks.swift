extension AsyncSequence {
  /// Gives the elements in arrays of `count`; the last one may be shorter.
  ///
  /// An error comes after the elements before it. If the task is cancelled in the middle of an array, the elements that
  /// it has are kept for the next call of the iterator.
  ///
  /// - Parameter count: The number of elements in an array; greater than zero.
  @inlinable
  public func chunks(ofCount count: Int) -> DerivedSequence<[Element]> {
    precondition(count > 0, "A chunk holds at least one element: its count must be greater than zero")
    return DerivedSequence { ChunkSource(self.makeAsyncIterator(), count: count) }
  }

  /// Gives the elements in arrays of `count`, or of those that came within a duration of the loop's clock.
  ///
  /// ```swift
  /// for try await rows in rows.chunks(ofCount: 500, orAfter: .seconds(1)) { try await insert(rows) }
  /// ```
  ///
  /// The duration is counted from the first element of an array, and no array is empty. As ``chunks(ofCount:)`` for errors
  /// and cancellation. A task iterates over this sequence, in the isolation of the loop over the result, and is one
  /// element ahead at most. When the loop ends, the task is cancelled, and what it has ahead is dropped.
  ///
  /// - Parameters:
  ///   - count: The maximum number of elements in an array; greater than zero.
  ///   - duration: The time after which an array is given as it is, never early.
  /// - Precondition: An event loop runs on this thread, and the loop over the result is isolated to an actor.
  @inlinable
  public func chunks(ofCount count: Int, orAfter duration: Duration) -> DerivedSequence<[Element]> {
    precondition(count > 0, "A chunk holds at least one element: its count must be greater than zero")
    return DerivedSequence { TimedChunkSource(self, count: count, duration: duration) }
  }
}

@usableFromInline
final class ChunkSource<Iterator: AsyncIteratorProtocol>: ElementSource<[Iterator.Element]> {
  @usableFromInline let count: Int
  @exclusivity(unchecked) @usableFromInline var iterator: Iterator
  @exclusivity(unchecked) @usableFromInline var elements: [Iterator.Element] = []
  @exclusivity(unchecked) @usableFromInline var failure: (any Error)?
  @exclusivity(unchecked) @usableFromInline var hasEnded = false

  @inlinable
  init(_ iterator: Iterator, count: Int) {
    self.iterator = iterator
    self.count = count
  }

  @inlinable
  override func next(isolation: isolated (any Actor)?) async throws -> [Iterator.Element]? {
    do {
      while !hasEnded, elements.count < count {
        if let element = try await iterator.next(isolation: isolation) {
          elements.append(element)
        } else {
          hasEnded = true
        }
      }
    } catch {
      // A cancelled task gets its error at once, and keeps the elements.
      if elements.isEmpty || isCancellation(error) { throw error }
      (failure, hasEnded) = (error, true)
    }
    return try takeChunk(&elements, &failure)
  }
}

@usableFromInline
final class TimedChunkSource<Base: AsyncSequence>: ElementSource<[Base.Element]> {
  @usableFromInline let count: Int
  @usableFromInline let duration: Duration
  @exclusivity(unchecked) @usableFromInline var base: Base?
  @exclusivity(unchecked) @usableFromInline var task: TaskHandle<Void>?
  @exclusivity(unchecked) @usableFromInline var elements: [Base.Element] = []
  @exclusivity(unchecked) @usableFromInline var deadline = Instant.distantFuture
  @exclusivity(unchecked) @usableFromInline var failure: (any Error)?
  @exclusivity(unchecked) @usableFromInline var hasEnded = false
  @usableFromInline let feed = Feed<Base.Element>()

  @inlinable
  init(_ base: Base, count: Int, duration: Duration) {
    self.base = base
    self.count = count
    self.duration = duration
  }

  @inlinable
  deinit { task?.cancel() }

  @inlinable
  override func next(isolation: isolated (any Actor)?) async throws -> [Base.Element]? {
    if let base = base.take() { task = feed.start(base, name: "chunks", isolation: isolation) }
    collecting: while !hasEnded, elements.count < count {
      switch try await feed.take(until: elements.isEmpty ? .distantFuture : deadline) {
      case .element(let element):
        if elements.isEmpty { deadline = EventLoop.current.now + duration }
        elements.append(element)
      case .timedOut: break collecting
      case .failed(let error): (failure, hasEnded) = (error, true)
      case .ended: hasEnded = true
      }
    }
    return try takeChunk(&elements, &failure)
  }
}

/// Takes the elements of a chunk; nil if there are none.
///
/// - Throws: The error behind the last elements, once.
@inlinable
func takeChunk<Element>(_ elements: inout [Element], _ failure: inout (any Error)?) throws -> [Element]? {
  if elements.isEmpty {
    if let error = failure.take() { throw error }
    return nil
  }
  let chunk = elements
  elements = []
  return chunk
}
