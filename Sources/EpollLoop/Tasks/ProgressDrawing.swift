/// What stands behind a progress bar: the count, and when and where it is shown.
///
/// Nothing is drawn for its own sake: a change draws at once if the last drawing is long enough ago, else it sets
/// one timer for the moment at which it will be. So the last change is always shown, and a count that stands
/// still costs nothing.
final class ProgressDrawing {
  /// How it is shown.
  enum Form {
    /// One line of a terminal, drawn again and again; asks how wide it is each time.
    case bar(columns: () -> Int)
    /// A new line each time.
    case lines
    case silent
  }

  private let core: LoopCore
  private let form: Form
  private let interval: Duration
  /// Where to write; and whether it is of use only now.
  private let write: (_ text: String, _ isFrame: Bool) -> Void
  private let start: Instant

  private var description: String
  private let unit: String
  private(set) var count = 0
  private(set) var total: Int?

  private var speed: ProgressSpeed
  /// Before then nothing is drawn.
  private var next: Instant
  /// Whether something has changed since the last drawing.
  private var isStale = false
  /// The timer that draws next; nobody, if none is set.
  private var alarm = Waiter.nobody
  private var isAlarmSet = false
  private var hasEnded = false

  init(
    _ core: LoopCore, _ form: Form, description: String, total: Int?, unit: String, every interval: Duration,
    write: @escaping (_ text: String, _ isFrame: Bool) -> Void
  ) {
    self.core = core
    self.form = form
    self.interval = interval
    self.write = write
    self.description = ProgressText.onOneLine(description)
    self.unit = ProgressText.onOneLine(unit)
    self.total = total
    start = core.now
    speed = ProgressSpeed(count: 0, at: start)
    next = start + interval
    if case .bar = form { draw(at: start) }
  }

  /// Changes the count and the total.
  func show(_ count: Int, of total: Int?) {
    self.count = count
    self.total = total
    change()
  }

  /// Changes the description.
  func set(description: String) {
    self.description = ProgressText.onOneLine(description)
    change()
  }

  /// Writes a text on lines of its own, above the bar.
  func print(_ text: String) {
    if case .bar(let columns) = form, !hasEnded {
      write("\r\u{1B}[K\(text)\n\r\(words(at: core.now).frame(columns: columns()))\u{1B}[K", false)
    } else {
      write("\(text)\n", false)
    }
  }

  /// Shows how far it has come, ends the line, and does nothing from then on.
  func end() {
    core.checkThread()
    hasEnded = true
    core.withdraw(alarm)
    let now = core.now
    var words = self.words(at: now)
    // In the end the whole of it counts, not how fast it went just before.
    words.perSecond = now > start ? Double(count) / ProgressText.seconds(now - start) : nil
    switch form {
    case .bar(let columns): write("\r\(words.frame(columns: columns()))\u{1B}[K\n", false)
    case .lines: write("\(words.line)\n", false)
    case .silent: break
    }
  }

  private func change() {
    if case .silent = form { return }
    isStale = !hasEnded
    drawWhenDue()
  }

  private func drawWhenDue() {
    guard isStale else { return }
    let now = core.now
    if now >= next { return draw(at: now) }
    guard !isAlarmSet else { return }
    isAlarmSet = true
    alarm = core.add { [unowned self] in
      isAlarmSet = false
      drawWhenDue()
    }
    core.schedule(alarm, at: next)
  }

  private func draw(at now: Instant) {
    // Before the writing: a sink may advance the bar.
    isStale = false
    next = now + interval
    speed.note(count, at: now)
    let words = self.words(at: now)
    switch form {
    case .bar(let columns): write("\r\(words.frame(columns: columns()))\u{1B}[K", true)
    case .lines: write("\(words.line)\n", false)
    case .silent: break
    }
  }

  private func words(at now: Instant) -> ProgressText {
    ProgressText(
      description: description, count: count, total: total, unit: unit, elapsed: now - start,
      perSecond: speed.perSecond)
  }
}
