import EpollLoop
import EpollLoopTesting
import Glibc

/// Runs once, on the kernel's clock or on a virtual one.
nonisolated func run(_ options: Options) throws -> Report {
  if options.isVirtual { return try runOnLoop { try await Stress(options).run() } }
  // The process belongs to the loop, as in a program of a user's.
  return try EventLoop.run { try await Stress(options).run() }
}

nonisolated func runAll(_ options: Options) throws {
  var runs = [options]
  if options.isCheck {
    var virtual = options
    virtual.isVirtual = true
    runs = [options, virtual, virtual]
  }
  var digests: Set<String> = []
  for options in runs {
    let report = try run(options)
    print(options.isJSON ? report.json : report.text)
    if options.isVirtual { digests.insert(report.digest) }
  }
  if digests.count > 1 { throw Violation(description: "two virtual runs of one seed differ: \(digests.sorted())") }
}

do {
  try runAll(Options.parse(Array(CommandLine.arguments.dropFirst())))
} catch {
  complain("timer-stress: \(error)")
  exit(1)
}
