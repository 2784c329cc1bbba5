import Dispatch
import Glibc

/// An error that nothing handles.
struct UnhandledError: Error {}

/// The ways in which a program ends.
enum Ending: String, CaseIterable {
  case `return`, `throw`, `throwLate`, `exit`, `exitLate`, `exitInTask`, `exitOnThread`, `exitInMainQueue`
  case trap, fatalError, resumeTwice, leftTask, leftGroup, leakedContinuation, failedTask
  case interrupt, terminate, brokenPipe, abort, exitAtOnce, closedDescriptors

  /// Ends the program, or returns for main to return.
  func happen() async throws {
    atExit()
    switch self {
    case .return: break
    case .throw: throw UnhandledError()
    case .exit: Glibc.exit(5)
    case .interrupt, .terminate, .brokenPipe: try await sendSignal()
    case .exitInTask, .exitOnThread, .exitInMainQueue: try await exitElsewhere()
    case .leftTask, .leftGroup, .leakedContinuation, .failedTask: try await leave()
    case .trap, .fatalError, .resumeTwice: await crash()
    case .throwLate, .exitLate, .abort, .exitAtOnce, .closedDescriptors: try await endLate()
    }
    print("main returns")
  }

  private func endLate() async throws {
    try await Task.sleep(for: .milliseconds(1))
    switch self {
    case .throwLate: throw UnhandledError()
    case .abort: Glibc.abort()
    case .exitAtOnce: _exit(6)
    default:
      for descriptor: Int32 in 0...2 { close(descriptor) }
      try await Task.sleep(for: .milliseconds(1))
      Glibc.exit(7)
    }
  }

  private func sendSignal() async throws {
    switch self {
    case .interrupt: kill(getpid(), SIGINT)
    case .terminate: Task { kill(getpid(), SIGTERM) }
    default:
      try await Task.sleep(for: .milliseconds(1))
      var ends: [Int32] = [-1, -1]
      pipe(&ends)
      close(ends[0])
      write(ends[1], "x", 1)
    }
    try await Task.sleep(for: .seconds(3600))
  }

  private func exitElsewhere() async throws {
    switch self {
    case .exitInTask: Task.detached { Glibc.exit(8) }
    case .exitOnThread: try startThread { Glibc.exit(9) }
    default: DispatchQueue.main.async { Glibc.exit(10) }
    }
    try await Task.sleep(for: .seconds(3600))
  }

  private func leave() async throws {
    switch self {
    case .leftTask:
      Task {
        defer { print("never printed") }
        try await Task.sleep(for: .seconds(3600))
      }
    case .leftGroup:
      Task {
        await withDiscardingTaskGroup { group in
          group.addTask { try? await Task.sleep(for: .seconds(3600)) }
          group.addTask { try? await Task.sleep(for: .seconds(3600)) }
        }
        print("never printed")
      }
    case .failedTask: Task { throw UnhandledError() }
    default: Task { await withCheckedContinuation { (_: CheckedContinuation<Void, Never>) in } }
    }
    try await Task.sleep(for: .milliseconds(5))
  }

  private func crash() async {
    switch self {
    case .trap: await Task.detached { print([Int](repeating: 0, count: 1)[CommandLine.arguments.count]) }.value
    case .fatalError: await Task.detached { if self == .fatalError { Swift.fatalError("this ends it") } }.value
    default:
      await withCheckedContinuation { next in
        next.resume()
        next.resume()
      }
    }
  }
}

/// Has a line printed at the exit, on whatever thread that is.
private nonisolated func atExit() { atexit { print("exit handlers run") } }
