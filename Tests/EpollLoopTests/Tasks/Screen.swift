import EpollLoop

/// What has been written, as a terminal would show it: lines, the last one without an end.
final class Screen {
  private(set) var lines = [""]
  /// When something was written, and what, as it came.
  private(set) var writes: [(at: Instant, text: String)] = []

  func write(_ text: String) {
    writes.append((EventLoop.current.now, text))
    // The only sequence that is used erases the rest of the line.
    for piece in text.replacing("\u{1B}[K", with: "\u{0}").unicodeScalars {
      switch piece {
      case "\n": lines.append("")
      case "\r": cursor = 0
      case "\u{0}": lines[lines.count - 1] = String(lines[lines.count - 1].prefix(cursor))
      default: put(Character(piece))
      }
      if piece == "\n" { cursor = 0 }
    }
  }

  private var cursor = 0

  private func put(_ character: Character) {
    var line = Array(lines[lines.count - 1])
    if cursor < line.count { line[cursor] = character } else { line.append(character) }
    cursor += 1
    lines[lines.count - 1] = String(line)
  }

  /// The instants of the writes, in milliseconds.
  var times: [Int64] { writes.map { $0.at.nanoseconds / 1_000_000 } }
}
