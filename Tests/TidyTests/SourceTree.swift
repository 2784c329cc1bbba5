import Glibc

/// The files of the package, read from where this test was compiled.
enum SourceTree {
  /// The package's folder.
  static let root: String = {
    var parts = #filePath.split(separator: "/", omittingEmptySubsequences: false)
    parts.removeLast(3)
    return parts.joined(separator: "/")
  }()

  /// Every source file, in order of its path.
  static let files: [SourceFile] = {
    var paths = ["Package.swift"]
    for folder in ["CEpollShim", "Sources", "Tests"] { collect(folder, &paths) }
    return paths.sorted().map { SourceFile($0, read($0)) }
  }()

  /// The names in the package's folder.
  static var topLevel: [String] { names(in: root).map(\.name) }

  private static func collect(_ folder: String, _ paths: inout [String]) {
    for (name, isFolder) in names(in: "\(root)/\(folder)") where !name.hasPrefix(".") {
      if isFolder {
        collect("\(folder)/\(name)", &paths)
      } else if [".swift", ".c", ".h"].contains(where: name.hasSuffix) {
        paths.append("\(folder)/\(name)")
      }
    }
  }

  private static func names(in folder: String) -> [(name: String, isFolder: Bool)] {
    guard let stream = opendir(folder) else { preconditionFailure("\(folder) cannot be read") }
    defer { closedir(stream) }
    var found: [(name: String, isFolder: Bool)] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { found.append((name, Int32(entry.pointee.d_type) == Int32(DT_DIR))) }
    }
    return found
  }

  private static func read(_ path: String) -> String {
    guard let file = fopen("\(root)/\(path)", "r") else { preconditionFailure("\(path) cannot be read") }
    defer { fclose(file) }
    var bytes: [UInt8] = []
    var part = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = fread(&part, 1, part.count, file)
      if count == 0 { return String(decoding: bytes, as: UTF8.self) }
      bytes += part[..<count]
    }
  }
}
