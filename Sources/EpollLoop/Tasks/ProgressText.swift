/// The words and numbers of a progress bar, at one moment.
struct ProgressText {
  var description: String
  var count: Int
  var total: Int?
  var unit: String
  var elapsed: Duration
  /// How many a second; nil before any time has passed.
  var perSecond: Double?

  /// Without a bar: "copying: 42% 420/1000 files [0:12<0:17, 34.5 files/s]".
  var line: String {
    [heading, share, tail].filter { !$0.isEmpty }.joined(separator: " ")
  }

  /// With a bar, if there is room for one, in less than so many columns: the last one stays free, since a
  /// terminal may wrap there.
  func frame(columns: Int) -> String {
    let line = line
    let room = min(40, columns - 1 - line.count - 3)
    guard let total, room >= 5 else { return String(line.prefix(max(0, columns - 1))) }
    let filled = total == 0 ? room : Int(Double(room) * min(1, Double(count) / Double(total)))
    let bar = "|" + String(repeating: "#", count: filled) + String(repeating: " ", count: room - filled) + "|"
    return [heading, share, bar, tail].filter { !$0.isEmpty }.joined(separator: " ")
  }

  private var heading: String { description.isEmpty ? "" : "\(description):" }

  /// How much is done; 100 % only when all is.
  private var share: String {
    guard let total else { return "" }
    let percent = count >= total ? 100 : min(99, Int(Double(count) / Double(total) * 100))
    return (percent < 10 ? "  " : percent < 100 ? " " : "") + "\(percent)%"
  }

  private var tail: String {
    let name = unit.isEmpty ? "" : " \(unit)"
    let time = ProgressText.time(ProgressText.seconds(elapsed))
    guard let total else { return "\(count)\(name) [\(time), \(rate)]" }
    return "\(count)/\(total)\(name) [\(time)<\(remaining(of: total)), \(rate)]"
  }

  private func remaining(of total: Int) -> String {
    guard count < total else { return "0:00" }
    guard let perSecond, perSecond > 0 else { return "?" }
    return ProgressText.time(Double(total - count) / perSecond)
  }

  /// So many a second, a minute or an hour: the first of them that makes at least one.
  private var rate: String {
    let name = unit.isEmpty ? "" : " \(unit)"
    guard let perSecond else { return "?\(name)/s" }
    if perSecond >= 1 || perSecond == 0 { return "\(ProgressText.short(perSecond))\(name)/s" }
    if perSecond * 60 >= 1 { return "\(ProgressText.short(perSecond * 60))\(name)/min" }
    return "\(ProgressText.short(perSecond * 3600))\(name)/h"
  }

  /// A number with one digit behind the point, or none if it is large.
  private static func short(_ number: Double) -> String {
    guard number < 99.95 else { return number < 1e15 ? "\(Int(number.rounded()))" : "\(number)" }
    let tenths = Int((number * 10).rounded())
    return "\(tenths / 10).\(tenths % 10)"
  }

  /// Minutes and seconds, or hours, minutes and seconds; rounded down.
  private static func time(_ seconds: Double) -> String {
    guard seconds < 1e9 else { return "?" }
    let whole = Int(seconds)
    let (hours, minutes) = (whole / 3600, whole / 60 % 60)
    let padded = "\(whole % 60 < 10 ? "0" : "")\(whole % 60)"
    return hours == 0 ? "\(minutes):\(padded)" : "\(hours):\(minutes < 10 ? "0" : "")\(minutes):\(padded)"
  }

  /// A duration as a number.
  static func seconds(_ duration: Duration) -> Double { duration / .seconds(1) }

  /// A text without what would end a terminal's line or move its cursor.
  static func onOneLine(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.generalCategory == .control ? " " : $0 }))
  }
}

/// How fast something goes on: the past counts for less the longer ago it is.
struct ProgressSpeed {
  /// After so many seconds a stretch counts for half, against one of the same length.
  private static let memory = 5.0
  private var count = 0.0
  private var seconds = 0.0
  private var lastCount: Int
  private var lastInstant: Instant

  init(count: Int, at instant: Instant) {
    lastCount = count
    lastInstant = instant
  }

  /// How many a second; nil before any time has passed.
  var perSecond: Double? { seconds > 0 ? max(0, count) / seconds : nil }

  /// Takes in how far it has come.
  mutating func note(_ newCount: Int, at now: Instant) {
    guard now > lastInstant else { return }
    let passed = ProgressText.seconds(now - lastInstant)
    let kept = ProgressSpeed.memory / (ProgressSpeed.memory + passed)
    count = count * kept + Double(newCount) - Double(lastCount)
    seconds = seconds * kept + passed
    lastCount = newCount
    lastInstant = now
  }
}
