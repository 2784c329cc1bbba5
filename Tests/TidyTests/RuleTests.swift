import Testing

/// Each rule, shown what it is there to find and what it must leave alone.
@Suite struct RuleTests {
  private func file(_ text: String, _ path: String = "Sources/EpollLoop/Loop/Sample.swift") -> SourceFile {
    SourceFile(path, text)
  }

  @Test func `a file of 301 lines is too long and one of 300 is not`() {
    let long = file(String(repeating: "\n", count: 301), "Sources/A.swift")
    #expect(Rules.tooLong([long], limit: 300) == ["Sources/A.swift:301: 301 lines, at most 300"])
    #expect(Rules.tooLong([file(String(repeating: "\n", count: 300))], limit: 300) == [])
  }

  @Test func `a name from a higher floor is found`() {
    let socket = file("public final class Connection: Sendable {\n}", "Sources/EpollLoop/IO/Connection.swift")
    let loop = file("struct A {\n  let peer: Connection\n}")
    #expect(
      Floors.namesFromAbove([socket, loop])
        == ["Sources/EpollLoop/Loop/Sample.swift:2: Loop names Connection of IO"])
  }

  @Test func `siblings may not know each other and higher floors may know both`() {
    let task = file("func f() { Lock2() }", "Sources/EpollLoop/Tasks/A.swift")
    let sync = file("struct Lock2 {}", "Sources/EpollLoop/Sync/B.swift")
    let stream = file("struct C { let lock: Lock2 }", "Sources/EpollLoop/IO/C.swift")
    #expect(
      Floors.namesFromAbove([task, sync, stream]) == ["Sources/EpollLoop/Tasks/A.swift:1: Tasks names Lock2 of Sync"])
  }

  @Test func `comments, strings, nested and private types and members do not count as names from above`() {
    let above = file(
      """
      private enum Stage {}
      struct Chunk { struct Part {} }
      """, "Sources/EpollLoop/IO/Chunk.swift")
    let below = file(
      """
      /// Like ``Chunk``.
      enum Stage { case part }
      let a = "Chunk", b = #"Chunk"#, c = x.Chunk /* Chunk */
      func `a Chunk "quoted`(_ part: Part) {}
      """)
    #expect(Floors.namesFromAbove([above, below]) == [])
  }

  @Test func `a name inside an interpolation counts`() {
    let above = file("struct Chunk {}", "Sources/EpollLoop/IO/Chunk.swift")
    #expect(Floors.namesFromAbove([above, file(#"let a = "of \(Chunk("(")) and more""#)]).count == 1)
  }

  @Test func `a folder that is no floor is found`() {
    #expect(Floors.namesFromAbove([file("", "Sources/EpollLoop/Extras/A.swift")]).count == 1)
  }

  @Test(arguments: [
    "import Glibc", "public import Glibc", "@preconcurrency import Glibc", "import struct Glibc.stat",
    "@_spi(X) internal import Glibc",
  ])
  func `an import is found in every form`(_ text: String) {
    #expect(Rules.imports([file(text)], of: ["Glibc"]).count == 1)
  }

  @Test(arguments: ["// import Glibc", "import GlibcExtras", "let text = \"import Glibc\"", "@_spi(Glibc) import B"])
  func `what only looks like an import is none`(_ text: String) {
    #expect(Rules.imports([file(text)], of: ["Glibc"]) == [])
  }

  @Test func `an import is let where it is allowed`() {
    #expect(Rules.imports([file("import Glibc")], of: ["Glibc"], unless: { _ in true }) == [])
  }

  @Test(arguments: [
    "let a = b!", "c()!.d()", "e[0]! + 1", "let f: Int! = nil", "g as! Int", "try! h()", "try? i()", "x?.y!",
  ])
  func `what is forced is found`(_ text: String) {
    #expect(Rules.forced([file(text)]).count == 1)
  }

  @Test(arguments: ["a != b", "if !a {}", "try !a()", "f(!a)", "// a!", "\"a!\"", "x !== y", "try a?.b", "[!a, !b]"])
  func `what is not forced is let`(_ text: String) {
    #expect(Rules.forced([file(text)]) == [])
  }

  @Test(arguments: [
    ("struct A: @unchecked Sendable {}", "@unchecked"), ("nonisolated(unsafe) var a = 1", "nonisolated(unsafe)"),
    ("let a = unsafeBitCast(b, to: C.self)", "unsafeBitCast"), ("Unmanaged.passRetained(a)", "Unmanaged"),
    ("@_spi(A) import B", "@_spi"), ("@_silgen_name(\"a\") func a()", "@_silgen_name"),
  ])
  func `what is unsafe is found outside its files`(_ text: String, _ word: String) {
    let path = "Sources/EpollLoop/Loop/Sample.swift"
    #expect(Unsafe.strays([file(text)], allowed: [:]) == ["\(path):1: \(word)"])
    #expect(Unsafe.strays([file(text)], allowed: [path: [word]]) == [])
    #expect(Unsafe.strays([file(text)], allowed: [path: ["another"]]).count == 1)
  }

  @Test func `a permission that nobody needs is found`() {
    let path = "Sources/EpollLoop/Loop/Sample.swift"
    #expect(Unsafe.unused([file("")], allowed: [path: ["Unmanaged"]]) == ["\(path): Unmanaged"])
    #expect(Unsafe.unused([file("Unmanaged")], allowed: [path: ["Unmanaged"]]) == [])
    #expect(Unsafe.unused([], allowed: [path: ["Unmanaged"]]).count == 1)
  }

  @Test func `what is unsafe needs a reason near above`() {
    #expect(Comments.unexplained([file("nonisolated(unsafe) var a = 1")]).count == 1)
    #expect(Comments.unexplained([file("// SAFETY: b.\nnonisolated(unsafe) var a = 1")]) == [])
    #expect(Comments.unexplained([file("// SAFETY: b.\n\n\n\n\nstruct A: @unchecked Sendable {}")]).count == 1)
    #expect(Comments.unexplained([file("let a = \"SAFETY:\"\nlet b = unsafeBitCast(c, to: D.self)")]).count == 1)
  }

  @Test func `a long comment directly above is near`() {
    let comment = "// SAFETY: one\n" + String(repeating: "// and more\n", count: 9)
    #expect(Comments.unexplained([file(comment + "struct A: @unchecked Sendable {}")]) == [])
  }

  @Test func `unfinished work is found in comments alone`() {
    let word = "TO" + "DO"
    #expect(Rules.unfinished([file("let a = 1  // \(word): more")]).count == 1)
    #expect(Rules.unfinished([file("/* \("FIX" + "ME") */")]).count == 1)
    #expect(Rules.unfinished([file("let a = \"\(word)\"\n// \(word)S")]) == [])
  }

  @Test(arguments: [
    "public struct A {", "public static func a() {}", "@inlinable public init(a: Int) {", "  public let a: Int",
    "// Plain.\npublic var a: Int { 1 }", "/// Far.\n\npublic enum A {", "public subscript(a: Int) -> Int {",
  ])
  func `a public declaration without documentation is found`(_ text: String) {
    #expect(Comments.undocumented([file(text)]).count == 1)
  }

  @Test(arguments: [
    "/// A.\npublic struct A {", "/// A.\n@discardableResult\npublic func a() {}", "public import A",
    "/// A.\n// SAFETY: b.\npublic final class A: @unchecked Sendable {", "struct A {", "let a = \"public func a\"",
    "  public static func < (a: A, b: A) -> Bool {", "  public var description: String {",
  ])
  func `documented and other declarations are let`(_ text: String) {
    #expect(Comments.undocumented([file(text)]) == [])
  }

  @Test func `a stranger at the top level is found`() {
    #expect(
      Rules.strangers([".git", "Package.swift", "README.md", "Sources", "Tests", "CEpollShim", "Doc"]) == ["Doc"])
  }

  @Test(arguments: [
    "Task { a() }", "Task(priority: .low) { a() }", "Task.detached { a() }", "Task.immediate { a() }",
    "let a = Task<Void, Never> { b() }", "Task<Void, Never>(priority: .low) { b() }",
  ])
  func `a stray task is found`(_ text: String) {
    #expect(Rules.strayTasks([file(text)], except: "").count == 1)
    #expect(Rules.strayTasks([file(text)], except: "Sources/EpollLoop/Loop/Sample.swift") == [])
  }

  @Test(arguments: [
    "var a: Task<Void, Never>?", "Task.isCancelled", "/// `Task {}`", "SpawnedTask(a)", "case .Task(a)",
  ])
  func `what starts no task is let`(_ text: String) {
    #expect(Rules.strayTasks([file(text)], except: "") == [])
  }

  @Test func `an experimental import is found outside its file`() {
    #expect(Rules.spiImports([file("@_spi(A) import B")], except: "").count == 1)
    #expect(Rules.spiImports([file("@_spi(A) import B")], except: "Sources/EpollLoop/Loop/Sample.swift") == [])
    #expect(Rules.spiImports([file("import B\n@_spi(A) func b() {}")], except: "") == [])
  }

  @Test(arguments: ["sleep(1)", "Glibc.sleep(seconds)", "usleep(100)", "nanosleep(&time, nil)", "_ = sleep(n + 1)"])
  func `a sleeping thread is found`(_ text: String) {
    #expect(Rules.blockingSleeps([file(text)]).count == 1)
  }

  @Test(arguments: [
    "try await sleep(for: .seconds(1))", "try await sleep(until: end)", "Task.sleep(for: .zero)",
    "func sleep(_ a: Int)",
    "// usleep(1)", "let sleeping = sleep", "func `usleep(1) is not called`() {}",
  ])
  func `a waiting task is let`(_ text: String) {
    #expect(Rules.blockingSleeps([file(text)]) == [])
  }

  @Test func `the scanner tells code, comments and strings apart`() {
    let text = """
      let a = "x // y" // z "q"
      /* one /* two */ three */ let b = #"\\" // c"#
      let c = "\\"quoted\\\\" + d
      """
    let sample = file(text)
    #expect(
      sample.code.map { $0.split(separator: " ").joined(separator: " ") } == ["let a =", "let b =", "let c = + d"])
    #expect(sample.comments.map { $0.contains("z") } == [true, false, false])
    #expect(sample.comments[1].contains("three"))
  }

  @Test func `a string of several lines is blank in each of them`() {
    let quotes = String(repeating: "\"", count: 3)
    let sample = file("let a = \(quotes)\n  import Glibc // \"x\"\n  \(quotes)\nlet b = 1")
    #expect(sample.code[1].allSatisfy { $0 == " " })
    #expect(sample.code[3] == "let b = 1")
    #expect(sample.comments.allSatisfy { $0.allSatisfy { $0 == " " } })
  }
}
