/// The floors of the library: folders, of which each may use lower ones only.
enum Floors {
  private static let levels = [
    "System": 1, "Loop": 2, "Tasks": 3, "Sync": 3, "IO": 4, "Process": 5, "Pool": 6,
  ]

  /// The floor of a file of the library; nil for other files.
  static func floor(of path: String) -> String? {
    let parts = path.split(separator: "/")
    guard parts.count > 3, parts[0] == "Sources", parts[1] == "EpollLoop" else { return nil }
    return String(parts[2])
  }

  private static func mayName(_ floor: String, _ other: String) -> Bool {
    floor == other || (levels[other] ?? 0) < (levels[floor] ?? 0)
  }

  /// Files that name a type which is declared on a higher floor, or on a sibling.
  static func namesFromAbove(_ files: [SourceFile]) -> [String] {
    let library = files.compactMap { file in floor(of: file.path).map { (file: file, floor: $0) } }
    var home: [String: String] = [:]
    for (file, floor) in library {
      for declaration in declarations(in: file) where declaration.isShared { home[declaration.name] = floor }
    }
    var offences: [String] = []
    for (file, floor) in library {
      guard levels[floor] != nil else {
        offences.append(file.offence(0, "'\(floor)' is no floor"))
        continue
      }
      let own = Set(declarations(in: file).map(\.name))
      for (number, line) in file.code.enumerated() {
        for word in line.words where word.before != "." && !own.contains(word.text) {
          guard let other = home[word.text], !mayName(floor, other) else { continue }
          offences.append(file.offence(number, "\(floor) names \(word.text) of \(other)"))
        }
      }
    }
    return offences
  }

  /// A type's declaration; shared are those at the top of a file that are not private to it.
  static func declarations(in file: SourceFile) -> [(name: String, isShared: Bool)] {
    let keywords: Set = ["class", "struct", "enum", "actor", "protocol", "typealias"]
    var found: [(name: String, isShared: Bool)] = []
    var depth = 0
    for line in file.code {
      let words = line.words
      for (word, next) in zip(words, words.dropFirst())
      where keywords.contains(word.text) && next.text.first?.isUppercase == true && next.before == word.text.last {
        let isPrivate = words.contains { $0.text == "private" || $0.text == "fileprivate" }
        let isAtTop = depth + braces(line[..<next.after.startIndex]) == 0
        found.append((next.text, isAtTop && !isPrivate))
      }
      depth += braces(line[...])
    }
    return found
  }

  /// How many more braces open than close.
  private static func braces(_ text: Substring) -> Int {
    text.reduce(0) { $1 == "{" ? $0 + 1 : $1 == "}" ? $0 - 1 : $0 }
  }
}
