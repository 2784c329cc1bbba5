/// Where and how a progress bar is shown.
public enum ProgressStyle: Hashable, Sendable {
  /// As a bar if it goes to a terminal, else as lines.
  case automatic
  /// As a bar if it goes to a terminal, else not at all.
  case terminalOnly
  /// As a bar: one line that is drawn again and again, at most ten times a second.
  case bar
  /// As a new line every five seconds, as far as something has changed, and one at the end.
  case lines
  /// Not at all; what ``ProgressBar/print(_:)`` is given is written all the same.
  case silent
}

/// Shows how far `body` has come, from its begin to its end.
///
/// ```swift
/// try await withProgress("copying", total: files.count, unit: "files") { bar in
///   _ = try await gather(over: files, limit: 10) { file in
///     try await copy(file)
///     bar.advance()
///   }
/// }
/// ```
/// ```
/// copying:  42% |###########                 | 420/1000 files [0:12<0:17, 34.5 files/s]
/// ```
///
/// The times are how long it has taken and how long it is going to take, on the loop's clock; the speed is that of
/// about the last five seconds, in the end that of the whole. The line is ended however `body` ends. One
/// bar at a time fits on a terminal: a second one beside it would draw on the same line.
///
/// - Parameters:
///   - description: What is being done; shown on one line.
///   - total: How much there is to do; nil if that is not known: no share, no bar and no remaining time is shown.
///   - unit: What is counted, as a plural.
///   - style: Where and how it is shown.
///   - interval: The shortest time from one drawing to the next; more than zero. The style's own, unless given.
///   - columns: How many characters wide the bar's line may be; as the terminal is, or else 80, unless given.
///   - sink: Takes what would be written to standard error. It counts as no terminal. It is called by the loop, also
///     between the caller's steps.
///   - isolation: Where it runs; the caller's, unless given. Only the loop's own actor may have a sink.
///   - body: What to do.
/// - Returns: The value of `body`.
/// - Throws: The error of `body`.
/// - Precondition: An event loop runs on this thread.
public func withProgress<Success>(
  _ description: String = "", total: Int? = nil, unit: String = "", style: ProgressStyle = .automatic,
  every interval: Duration? = nil, columns: Int? = nil, to sink: ((String) -> Void)? = nil,
  isolation: isolated (any Actor)? = #isolation, _ body: (ProgressBar) async throws -> Success
) async rethrows -> Success {
  precondition(interval ?? .seconds(1) > .zero, "The time from one drawing to the next is more than zero")
  precondition(
    sink == nil || isolation == nil || LoopCore.current.face.isOwn(isolation),
    "A sink would be called outside of the actor that creates it: use it in code of the loop's own actor")
  ProgressBar.check(total)
  let form = style.form(columns: columns, isTerminal: sink == nil && Terminal.isThere)
  let write =
    sink.map { sink in { text, _ in sink(text) } } ?? { text, isFrame in
      // A frame is out of date soon; other words should be read, and a slow terminal gets a moment for them.
      Terminal.write(text, patienceMilliseconds: isFrame ? 0 : 20)
    }
  let core = LoopCore.current
  let drawing = ProgressDrawing(
    core, form, description: description, total: total, unit: unit, every: interval ?? form.interval, write: write)
  defer { drawing.end() }
  return try await body(ProgressBar(LoopBound(drawing, core)))
}

/// Shows how far something has come: see ``withProgress(_:total:unit:style:every:columns:to:isolation:_:)``.
///
/// It never waits. What does not fit into a terminal or pipe that nobody reads is left out, so that the loop goes
/// on. On the loop's thread only. When the body has ended, changes are shown no more.
public final class ProgressBar: Sendable {
  private let bound: LoopBound<ProgressDrawing>

  fileprivate init(_ bound: LoopBound<ProgressDrawing>) {
    self.bound = bound
  }

  /// How much is done.
  public var count: Int { bound.open("ProgressBar.count").count }

  /// How much there is to do; nil if that is not known.
  public var total: Int? { bound.open("ProgressBar.total").total }

  /// Says that more is done.
  ///
  /// - Parameter count: How much more; zero or more.
  /// - Complexity: reads the clock; no allocation, unless it is shown.
  public func advance(by count: Int = 1) {
    precondition(count >= 0, "A progress bar advances; show(_:of:) takes it back")
    let drawing = bound.open("ProgressBar.advance")
    let (sum, overflow) = drawing.count.addingReportingOverflow(count)
    drawing.show(overflow ? .max : sum, of: drawing.total)
  }

  /// Says how much is done by now, and how much there is to do.
  ///
  /// ```swift
  /// try await gather(over: files, progress: { bar.show($0.finished, of: $0.total) }) { … }
  /// ```
  ///
  /// - Parameters:
  ///   - count: How much is done; zero or more.
  ///   - total: How much there is to do; zero or more, or nil if that is not known.
  public func show(_ count: Int, of total: Int?) {
    precondition(count >= 0, "A progress bar counts from zero")
    ProgressBar.check(total)
    bound.open("ProgressBar.show").show(count, of: total)
  }

  /// Says how much there is to do.
  ///
  /// - Parameter total: How much; zero or more, or nil if that is not known.
  public func set(total: Int?) {
    ProgressBar.check(total)
    let drawing = bound.open("ProgressBar.set")
    drawing.show(drawing.count, of: total)
  }

  /// Says what is being done; shown on one line.
  public func set(description: String) {
    bound.open("ProgressBar.set").set(description: description)
  }

  /// Writes a text on lines of its own, above the bar. A line end is added.
  public func print(_ text: String) {
    bound.open("ProgressBar.print").print(text)
  }

  fileprivate static func check(_ total: Int?) {
    precondition(total ?? 0 >= 0, "There is never less than nothing to do")
  }
}

extension ProgressStyle {
  fileprivate func form(columns: Int?, isTerminal: Bool) -> ProgressDrawing.Form {
    let bar = ProgressDrawing.Form.bar { columns ?? Terminal.columns ?? 80 }
    return switch self {
    case .automatic: isTerminal ? bar : .lines
    case .terminalOnly: isTerminal ? bar : .silent
    case .bar: bar
    case .lines: .lines
    case .silent: .silent
    }
  }
}

extension ProgressDrawing.Form {
  /// The shortest time from one drawing to the next, unless another one is asked for.
  fileprivate var interval: Duration {
    switch self {
    case .bar: .milliseconds(100)
    case .lines, .silent: .seconds(5)
    }
  }
}
