/// Tells code, comments and strings of Swift (and nearly of C) apart, keeping every line's length.
struct SourceScanner {
  private let bytes: [UInt8]
  private var at = 0
  private(set) var code: [UInt8]
  private(set) var comments: [UInt8]

  init(_ text: String) {
    bytes = Array(text.utf8)
    code = bytes.map { $0 == UInt8(ascii: "\n") ? $0 : UInt8(ascii: " ") }
    comments = code
  }

  /// Scans the whole text.
  mutating func scan() {
    scanCode(isInterpolation: false)
  }

  private func sees(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { bytes[at...].starts(with: $0) }
  }

  private mutating func scanCode(isInterpolation: Bool) {
    var depth = 0
    while at < bytes.count {
      if sees("//") {
        scanLineComment()
      } else if sees("/*") {
        scanBlockComment()
      } else if sees("`") {
        scanRawIdentifier()
      } else if let pounds = poundsOfString() {
        scanString(pounds)
      } else {
        if sees("(") { depth += 1 }
        if sees(")") { depth -= 1 }
        code[at] = bytes[at]
        at += 1
        if isInterpolation, depth == 0 { return }
      }
    }
  }

  private mutating func scanLineComment() {
    while at < bytes.count, !sees("\n") { takeComment() }
  }

  private mutating func scanBlockComment() {
    var depth = 0
    while at < bytes.count {
      if sees("/*") {
        depth += 1
        takeComment()
      } else if sees("*/") {
        depth -= 1
        takeComment()
        if depth == 0 { return takeComment() }
      }
      takeComment()
    }
  }

  private mutating func takeComment() {
    guard at < bytes.count else { return }
    comments[at] = bytes[at]
    at += 1
  }

  private mutating func scanRawIdentifier() {
    at += 1
    while at < bytes.count, !sees("`"), !sees("\n") { at += 1 }
    at += 1
  }

  /// How many # stand before the quote of a string that begins here; nil if none does.
  private func poundsOfString() -> Int? {
    let pounds = bytes[at...].prefix { $0 == UInt8(ascii: "#") }.count
    return at + pounds < bytes.count && bytes[at + pounds] == UInt8(ascii: "\"") ? pounds : nil
  }

  private mutating func scanString(_ pounds: Int) {
    at += pounds
    let quotes = sees("\"\"\"") ? 3 : 1
    at += quotes
    while at < bytes.count {
      if sees("\""), closes(quotes, pounds) {
        at += quotes + pounds
        return
      }
      if quotes == 1, sees("\n") { return }
      if sees("\\"), bytes[(at + 1)...].prefix(pounds).allSatisfy({ $0 == UInt8(ascii: "#") }) {
        at += 1 + pounds
        if at < bytes.count, sees("(") {
          scanCode(isInterpolation: true)
          continue
        }
      }
      at += 1
    }
  }

  private func closes(_ quotes: Int, _ pounds: Int) -> Bool {
    let end = at + quotes + pounds
    guard end <= bytes.count else { return false }
    return bytes[at..<(at + quotes)].allSatisfy { $0 == UInt8(ascii: "\"") }
      && bytes[(at + quotes)..<end].allSatisfy { $0 == UInt8(ascii: "#") }
  }
}
