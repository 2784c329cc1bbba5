/// The rules that need no look at other files. Each returns its offenders as "path:line: what".
enum Rules {
  static func isLibrary(_ file: SourceFile) -> Bool { file.path.hasPrefix("Sources/EpollLoop/") }

  /// Files of more lines than `limit`.
  static func tooLong(_ files: [SourceFile], limit: Int) -> [String] {
    files.filter { $0.lines.count > limit }.map { $0.offence(limit, "\($0.lines.count) lines, at most \(limit)") }
  }

  /// The module that a line imports, as `import`, `public import`, `@_spi(…) import struct`; nil for none.
  static func importedModule(_ line: String) -> String? {
    let words = line.words
    let kinds: Set = ["struct", "class", "enum", "protocol", "typealias", "func", "let", "var"]
    guard let position = words.firstIndex(where: { $0.text == "import" }) else { return nil }
    return words[(position + 1)...].first { !kinds.contains($0.text) }?.text
  }

  /// Imports of one of `modules`, in files that `isAllowed` does not let.
  static func imports(
    _ files: [SourceFile], of modules: Set<String>, unless isAllowed: (SourceFile) -> Bool = { _ in false }
  ) -> [String] {
    offences(in: files.filter { $0.path.hasSuffix(".swift") && !isAllowed($0) }) { line in
      guard let module = importedModule(line), modules.contains(module) else { return nil }
      return "imports \(module)"
    }
  }

  /// Imports of an interface that is not public, outside the one file for them.
  static func spiImports(_ files: [SourceFile], except path: String) -> [String] {
    offences(in: files.filter { $0.path != path }) { line in
      line.contains("@_spi") && importedModule(line) != nil ? "imports with @_spi" : nil
    }
  }

  /// Force unwraps, and errors that are dropped or turned into traps.
  static func forced(_ files: [SourceFile]) -> [String] {
    offences(in: files) { line in
      for word in line.words where word.text == "try" {
        if word.next == "!" { return "try!" }
        if word.next == "?" { return "try?" }
      }
      var before: Character = " "
      for (character, next) in zip(line, line.dropFirst() + " ") {
        let isPostfix = before.isLetter || before.isNumber || [")", "]", "}", "_", "?"].contains(before)
        if character == "!", isPostfix, next != "=" { return "a forced unwrap" }
        before = character
      }
      return nil
    }
  }

  /// Tasks whose closure has a capture list: Swift 6.3 takes such a one for nonisolated, and it hops.
  static func hoppingTasks(_ files: [SourceFile]) -> [String] {
    offences(in: files) { $0.contains("isolation) { [") ? "a task's closure with a capture list" : nil }
  }

  /// Notes of unfinished work.
  static func unfinished(_ files: [SourceFile]) -> [String] {
    files.flatMap { file in
      file.comments.enumerated().flatMap { number, line in
        line.words.filter { $0.text == "TODO" || $0.text == "FIXME" }.map { file.offence(number, $0.text) }
      }
    }
  }

  /// Tasks that are started anywhere but in the one file for it.
  static func strayTasks(_ files: [SourceFile], except path: String) -> [String] {
    offences(in: files.filter { $0.path != path }) { line in
      for word in line.words where word.text == "Task" && word.before != "." {
        let starts = ["{", "(", ".detached", ".immediate", ".init"]
        if starts.contains(where: word.after.hasPrefix) { return "starts a task" }
        // As in Task<Void, Never> { … }: the brackets are a type's unless something is called.
        if word.after.hasPrefix("<"), let end = word.after.lastIndex(of: ">") {
          let rest = word.after[word.after.index(after: end)...].drop { $0 == " " }
          if rest.hasPrefix("{") && line.contains("= Task<") || rest.hasPrefix("(") { return "starts a task" }
        }
      }
      return nil
    }
  }

  /// Calls that put the thread to sleep. The library's own `sleep` has labels.
  static func blockingSleeps(_ files: [SourceFile]) -> [String] {
    offences(in: files) { line in
      for (word, previous) in zip(line.words, [nil] + line.words.map(\.text)) where word.after.hasPrefix("(") {
        if ["usleep", "nanosleep", "clock_nanosleep"].contains(word.text) { return word.text }
        guard word.text == "sleep", previous != "func" else { continue }
        let argument = word.after.dropFirst().prefix { $0.isLetter }
        let end = word.after.dropFirst(1 + argument.count).first
        if argument.isEmpty ? end != nil : end != ":" { return "sleep of Glibc" }
      }
      return nil
    }
  }

  /// Names in the package's folder that do not belong there.
  static func strangers(_ names: [String]) -> [String] {
    let known: Set = ["Package.swift", "README.md", "Sources", "Tests", "CEpollShim"]
    return names.filter { !known.contains($0) && !$0.hasPrefix(".") }.sorted()
  }

  /// Runs `check` on every line of code, and names the lines for which it says something.
  static func offences(in files: [SourceFile], _ check: (String) -> String?) -> [String] {
    files.flatMap { file in
      file.code.enumerated().compactMap { number, line in check(line).map { file.offence(number, $0) } }
    }
  }
}
