/// A source file as text, taken apart into what the compiler reads and what people read.
struct SourceFile {
  /// Relative to the package, such as "Sources/EpollLoop/Loop/Tick.swift".
  let path: String
  let lines: [String]
  /// The lines without comments and without the contents of strings and of raw identifiers.
  let code: [String]
  /// The lines with nothing but comments.
  let comments: [String]

  init(_ path: String, _ text: String) {
    self.path = path
    var scanner = SourceScanner(text)
    scanner.scan()
    lines = SourceFile.split(Array(text.utf8))
    code = SourceFile.split(scanner.code)
    comments = SourceFile.split(scanner.comments)
  }

  /// "path:line: what" for a line counted from 0.
  func offence(_ line: Int, _ what: String) -> String { "\(path):\(line + 1): \(what)" }

  private static func split(_ bytes: [UInt8]) -> [String] {
    var lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines.map { String(decoding: $0, as: UTF8.self) }
  }
}

/// An identifier or keyword in a line of code.
struct Word {
  let text: String
  /// The last character before it that is not a blank.
  let before: Character?
  /// The character that touches its end.
  let next: Character?
  /// The rest of the line, from its first character that is not a blank.
  let after: Substring
}

extension StringProtocol where SubSequence == Substring {
  /// The identifiers and keywords, in order.
  var words: [Word] {
    var words: [Word] = []
    var rest = self[...]
    var before: Character?
    while let first = rest.first {
      let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
      if word.isEmpty {
        if first != " " { before = first }
        rest = rest.dropFirst()
      } else {
        rest = rest[word.endIndex...]
        words.append(Word(text: String(word), before: before, next: rest.first, after: rest.drop { $0 == " " }))
        before = word.last
      }
    }
    return words
  }
}
