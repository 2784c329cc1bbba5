/// Waits for the first of several cases, such as an item of one of several channels or a timeout.
///
/// ```swift
/// enum Step { case line(String), stop, idle }
/// switch try await select(
///   .receive(from: stop) { _ in Step.stop },
///   .receive(from: lines) { line in line.map(Step.line) ?? .stop },
///   .timeout(.seconds(30)) { .idle })
/// { … }
/// ```
///
/// Exactly one case takes effect, and the others take nothing: their items stay where they are. If several cases can go
/// on at once, the first in the list does; put the urgent ones first. Each wait stands last in line of its channel.
///
/// - Parameter cases: At least one. The functions of the cases are called here, after the wait.
/// - Returns: What the function of the case returns.
/// - Throws: ``ClosedError`` if an end of a channel in the list is closed, or a queue that was shut down is empty;
///   `CancellationError` if the task is cancelled while it waits, and then no item is lost.
/// - Complexity: linear in the number of cases; one task, and one timer at most.
@inlinable
public func select<Output>(_ cases: SelectCase<Output>...) async throws -> Output {
  try await select(cases)
}

/// Waits for the first of several cases, in an array; as the form with a list of arguments.
@inlinable
public func select<Output>(_ cases: [SelectCase<Output>]) async throws -> Output {
  precondition(!cases.isEmpty, "A select needs at least one case: without any it would wait forever")
  var alarm: (deadline: Instant, output: () -> Output)?
  for one in cases {
    guard let (timeout, output) = one.timeout else { continue }
    let deadline = EventLoop.current.now + timeout
    if deadline < alarm?.deadline ?? .distantFuture { alarm = (deadline, output) }
  }
  while true {
    for one in cases {
      guard let output = try one.source?.poll() else { continue }
      await SelectWait.checkpoint()
      return output
    }
    if let alarm, alarm.deadline <= EventLoop.current.now {
      await SelectWait.checkpoint()
      return alarm.output()
    }
    let places = cases.map { $0.source?.takePlace() }
    switch try await SelectWait.wait(in: places, until: alarm?.deadline) {
    case .woken:
      for (one, place) in zip(cases, places) {
        if let place, let output = one.source?.pickUp(at: place.seat) { return output }
      }
    case .timedOut:
      if let alarm { return alarm.output() }
    case .closed: continue
    }
  }
}

/// Receives from the first of several channels that has an item.
///
/// - Parameter receivers: At least one; if several have an item, the first of them gives.
/// - Returns: Which receiver gave, and the item; nil if all senders of that channel are closed and nothing is left: leave
///   it out next time.
/// - Throws: As ``select(_:)-(SelectCase<Output>...)``.
@inlinable
public func receiveFirst<Element>(
  from receivers: Channel<Element>.Receiver...
) async throws -> (index: Int, item: Element?) {
  try await select(receivers.indices.map { index in .receive(from: receivers[index]) { (index, $0) } })
}

/// One of the things that ``select(_:)-(SelectCase<Output>...)`` waits for.
public struct SelectCase<Output> {
  @usableFromInline let source: (any SelectSource<Output>)?
  @usableFromInline let timeout: (Duration, () -> Output)?

  @inlinable
  init(_ source: any SelectSource<Output>) {
    self.source = source
    timeout = nil
  }

  @inlinable
  init(timeout: Duration, _ output: @escaping () -> Output) {
    source = nil
    self.timeout = (timeout, output)
  }

  /// An item of a channel.
  ///
  /// - Parameters:
  ///   - receiver: The end to receive by.
  ///   - output: Makes the result of the item; nil if all senders are closed and nothing is left, and then always.
  @inlinable
  public static func receive<Element>(
    from receiver: Channel<Element>.Receiver, _ output: @escaping (Element?) -> Output
  ) -> SelectCase {
    SelectCase(ReceiveSource(receiver: receiver, output: output))
  }

  /// An item of a queue.
  ///
  /// - Parameters:
  ///   - queue: The queue; once it was shut down and is empty, the select throws ``ClosedError``.
  ///   - output: Makes the result of the item.
  @inlinable
  public static func get<Element>(
    from queue: Queue<Element>, _ output: @escaping (Element) -> Output
  ) -> SelectCase {
    SelectCase(GetSource(queue: queue, output: output))
  }

  /// The end of a duration of the loop's clock, counted from the call of the select, never early.
  ///
  /// - Parameters:
  ///   - timeout: The maximum time to wait. Zero or negative does not wait at all. Of several the shortest counts.
  ///   - output: Makes the result.
  @inlinable
  public static func timeout(_ timeout: Duration, _ output: @escaping () -> Output) -> SelectCase {
    SelectCase(timeout: timeout, output)
  }
}

/// What gives items to a select.
@usableFromInline
protocol SelectSource<Output> {
  associatedtype Output
  /// Takes what is there, without waiting; nil if the task has to wait.
  func poll() throws -> Output?
  /// Takes a seat in the line of tasks that wait for an item.
  func takePlace() -> WaitLine.Place
  /// Takes what was left at the seat; nil if nothing was.
  func pickUp(at seat: Int) -> Output?
}

@usableFromInline
struct ReceiveSource<Element, Output>: SelectSource {
  @usableFromInline let receiver: Channel<Element>.Receiver
  @usableFromInline let output: (Element?) -> Output

  @inlinable
  init(receiver: Channel<Element>.Receiver, output: @escaping (Element?) -> Output) {
    self.receiver = receiver
    self.output = output
  }

  @inlinable
  func poll() throws -> Output? {
    if let item = try receiver.tryReceive() { return output(item) }
    return receiver.passage.exchange.isClosed ? output(nil) : nil
  }

  @inlinable
  func takePlace() -> WaitLine.Place {
    WaitLine.Place(in: receiver.passage.exchange.takers, owner: receiver.number)
  }

  @inlinable
  func pickUp(at seat: Int) -> Output? { receiver.passage.exchange.pickUpHanded(at: seat).map { output($0) } }
}

@usableFromInline
struct GetSource<Element, Output>: SelectSource {
  @usableFromInline let queue: Queue<Element>
  @usableFromInline let output: (Element) -> Output

  @inlinable
  init(queue: Queue<Element>, output: @escaping (Element) -> Output) {
    self.queue = queue
    self.output = output
  }

  @inlinable
  func poll() throws -> Output? { try queue.tryGet().map(output) }

  @inlinable
  func takePlace() -> WaitLine.Place { WaitLine.Place(in: queue.exchange.takers) }

  @inlinable
  func pickUp(at seat: Int) -> Output? { queue.exchange.pickUpHanded(at: seat).map(output) }
}

/// The part of a select that is not generic.
@usableFromInline
enum SelectWait {
  /// Spends one operation of the running job's budget, and gives way to others if it is used up.
  @usableFromInline
  static func checkpoint() async {
    let core = LoopCore.current
    if core.spend() { await core.giveWay() }
  }

  /// As `WaitLine.wait(in:until:for:)`.
  @usableFromInline
  static func wait(in places: [WaitLine.Place?], until deadline: Instant?) async throws -> WaitLine.Ending {
    try await WaitLine.wait(
      in: places.compactMap(\.self), until: deadline ?? .distantFuture, for: "the first of several cases")
  }
}
