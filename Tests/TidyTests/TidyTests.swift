import Testing

/// The rules, applied to this package. What is wrong is listed with file and line.
@Suite struct TidyTests {
  private let all = SourceTree.files
  private var swift: [SourceFile] { all.filter { $0.path.hasSuffix(".swift") } }
  private var sources: [SourceFile] { swift.filter { $0.path.hasPrefix("Sources/") } }
  private var library: [SourceFile] { sources.filter(Rules.isLibrary) }
  private var tests: [SourceFile] { swift.filter { $0.path.hasPrefix("Tests/") } }

  @Test func `the package is found`() {
    #expect(library.count > 40)
    #expect(tests.contains { $0.path == "Tests/TidyTests/TidyTests.swift" })
    #expect(all.contains { $0.path == "CEpollShim/shim.c" })
  }

  @Test func `no file passes 300 lines`() {
    #expect(Rules.tooLong(all, limit: 300) == [])
  }

  @Test func `the shim has at most 260 lines`() {
    #expect(Rules.tooLong(all.filter { $0.path.hasPrefix("CEpollShim/") }, limit: 260) == [])
  }

  @Test func `a floor names no type of a higher floor or of a sibling`() {
    #expect(Floors.namesFromAbove(library) == [])
  }

  @Test func `only the lowest floor knows the kernel`() {
    #expect(Rules.imports(sources, of: ["CEpollShim"], unless: isSystem) == [])
    // Programs and the testing module stand outside, as users do: they may use the C library.
    #expect(Rules.imports(library, of: ["Glibc"], unless: isSystem) == [])
  }

  @Test func `nothing imports Foundation or Dispatch but the programs that stand for existing ones`() {
    let existing = ["ExistingProgram/", "SyncExistingProgram/", "RuntimeTour/"].map { "Sources/Demos/\($0)" }
    let own = swift.filter { file in !existing.contains { file.path.hasPrefix($0) } }
    #expect(Rules.imports(own, of: ["Foundation", "FoundationEssentials", "Dispatch"]) == [])
  }

  @Test func `what is unsafe stands only in files with a reason`() {
    #expect(Unsafe.strays(sources, allowed: Unsafe.allowed) == [])
  }

  @Test func `no file may do what it does not do`() {
    #expect(Unsafe.unused(sources, allowed: Unsafe.allowed) == [])
  }

  @Test func `what is unsafe says why it is safe`() {
    #expect(Comments.unexplained(sources) == [])
  }

  @Test func `the library forces nothing and drops no error`() {
    #expect(Rules.forced(library) == [])
  }

  @Test func `no note of unfinished work is left`() {
    #expect(Rules.unfinished(all) == [])
  }

  @Test func `every public declaration is documented`() {
    #expect(Comments.undocumented(sources) == [])
  }

  @Test func `the top level holds nothing else`() {
    #expect(Rules.strangers(SourceTree.topLevel) == [])
  }

  @Test func `tasks start in one file`() {
    #expect(Rules.strayTasks(library, except: "Sources/EpollLoop/Tasks/SpawnedTask.swift") == [])
  }

  @Test func `no task's closure has a capture list`() {
    #expect(Rules.hoppingTasks(library) == [])
  }

  @Test func `one file knows the experimental executor interface`() {
    #expect(Rules.spiImports(swift, except: "Sources/EpollLoop/Loop/RuntimeTakeover.swift") == [])
  }

  @Test func `no test puts its thread to sleep`() {
    #expect(Rules.blockingSleeps(tests) == [])
  }

  private func isSystem(_ file: SourceFile) -> Bool { file.path.hasPrefix("Sources/EpollLoop/System/") }
}
