import EpollLoopMain
import Glibc

/// What Swift's concurrency promises, one check for each word on the command line: nothing of it names an event loop.
@main
struct RuntimeTour {
  /// A check: it returns what it has seen.
  typealias Check = (name: String, expected: String, body: @MainActor () async throws -> String)

  static func main() async throws {
    let checks = taskChecks + groupChecks + streamChecks + actorChecks
    guard let name = CommandLine.arguments.dropFirst().first else {
      for check in checks { print(check.name) }
      return
    }
    guard let check = checks.first(where: { $0.name == name }) else { exit(64) }
    let seen = try await check.body()
    print(seen == check.expected ? "passed" : "expected \(check.expected), not \(seen)")
  }
}

/// An error with a number.
struct Failure: Error, Equatable, CustomStringConvertible {
  let number: Int
  var description: String { "failure \(number)" }
}

/// What a body throws, in words.
func thrown(_ body: () async throws -> Void) async -> String {
  do {
    try await body()
    return "nothing"
  } catch {
    return "\(error)"
  }
}

/// Words that several tasks write, in their order.
actor Log {
  private(set) var words: [String] = []
  var text: String { words.joined(separator: " ") }

  func add(_ word: String) { words.append(word) }
}
