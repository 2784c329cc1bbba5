/// The rules about comments that must stand above something.
enum Comments {
  /// Public declarations without a documentation comment.
  static func undocumented(_ files: [SourceFile]) -> [String] {
    // What a conformance asks for is documented by its protocol.
    let witnesses: Set = [
      "<", "==", "hash", "description", "makeAsyncIterator", "startIndex", "endIndex",
      "withContiguousStorageIfAvailable",
    ]
    return files.flatMap { file in
      file.code.enumerated().compactMap { number, line in
        guard let name = publicName(line), !witnesses.contains(name) else { return nil }
        return isDocumented(file, number) ? nil : file.offence(number, "\(name) has no documentation")
      }
    }
  }

  /// The name of what a line declares as public; nil if it declares nothing of the kind.
  private static func publicName(_ line: String) -> String? {
    let words = line.words
    let kinds: Set = [
      "func", "var", "let", "init", "subscript", "struct", "class", "enum", "actor", "protocol", "typealias",
    ]
    guard
      words.contains(where: {
        ["public", "open"].contains($0.text) && $0.before != "(" && $0.before != "." && $0.after.first != "("
      }),
      !words.contains(where: { $0.text == "import" }),
      let kind = words.last(where: { kinds.contains($0.text) && $0.before != "(" && $0.before != "," })
    else { return nil }
    if kind.text == "init" || kind.text == "subscript" { return kind.text }
    return String(kind.after.prefix { $0 != "(" && $0 != " " && $0 != ":" && $0 != "<" || kind.after.first == $0 })
  }

  private static func isDocumented(_ file: SourceFile, _ number: Int) -> Bool {
    for line in file.lines[..<number].reversed() {
      let text = line.drop { $0 == " " }
      if text.hasPrefix("///") { return true }
      guard text.hasPrefix("//") || text.hasPrefix("@") || text.hasPrefix("#if") else { return false }
    }
    return false
  }

  /// Promises to the compiler without the reason why they hold.
  static func unexplained(_ files: [SourceFile]) -> [String] {
    files.flatMap { file in
      file.code.enumerated().compactMap { number, line in
        let found = Unsafe.words(in: line).filter { Unsafe.needingReason.contains($0) }
        guard let word = found.first, !isExplained(file, number) else { return nil }
        return file.offence(number, "\(word) without a SAFETY comment")
      }
    }
  }

  /// Whether SAFETY stands within the four lines above, or in the comment directly above.
  private static func isExplained(_ file: SourceFile, _ number: Int) -> Bool {
    let near = max(0, number - 4)
    if file.comments[near...number].contains(where: { $0.contains("SAFETY:") }) { return true }
    for line in file.lines[..<number].reversed() {
      let text = line.drop { $0 == " " }
      if text.contains("// SAFETY:") { return true }
      guard text.hasPrefix("//") || text.hasPrefix("@") else { return false }
    }
    return false
  }
}
