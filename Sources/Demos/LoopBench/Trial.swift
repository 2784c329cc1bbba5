import CTimerHeap
import EpollLoop
import Glibc

/// A measurement that takes a process of its own, since it needs Swift's default executor as its
/// control: once a loop has taken a process over, it has none.
///
/// The program starts itself, with the hidden command `trial`, on one processor; the trial prints
/// nanoseconds of CPU time for each operation, or bytes.
enum Trial: String {
  case yieldAmong2 = "yield-2"
  case yieldAmong1000 = "yield-1000"
  case spawnBatches = "spawn"
  case spawnOnMainActor = "spawn-main"
  case suspendResume = "suspend"
  case gatherSleeping = "gather"
  case gatherLimited = "limited"
  case gatherMemory = "gather-memory"
  case sleepingTasks = "sleep"
  case cancelSleeping = "cancel"
  case timerMemory = "memory"

  enum Side: String {
    case ours, control
  }

  static let command = "trial"

  /// Runs both sides in turns and returns what each has measured.
  func measure(_ effort: Effort, size: Int, _ sides: [Side] = [.ours, .control]) throws -> (
    ours: [Double], control: [Double]
  ) {
    var figures: [Side: [Double]] = [:]
    for _ in 0..<effort.rounds {
      for side in sides { figures[side, default: []].append(try measureOnce(side, size)) }
    }
    return (figures[.ours] ?? [], figures[.control] ?? [])
  }

  private func measureOnce(_ side: Side, _ size: Int) throws -> Double {
    let arguments = [
      "taskset", "-c", "\(Trial.processor)", Trial.program, Trial.command, rawValue, side.rawValue, "\(size)",
    ]
    let output = try Trial.output(of: arguments)
    guard let figure = Double(output) else {
      throw Violation(description: "trial \(rawValue) \(side.rawValue) \(size) failed: \(output)")
    }
    return figure
  }

  /// Runs a trial in this process and ends it.
  static func runHere(_ trial: Trial, _ side: Side, _ size: Int) -> Never {
    switch side {
    case .ours:
      do {
        print(try EventLoop.run { try await trial.ours(size) })
        exit(0)
      } catch {
        complain("loop-bench: \(error)")
        exit(1)
      }
    case .control:
      Task.detached {
        print(await trial.control(size))
        exit(0)
      }
      while true { pause() }
    }
  }

  /// This program; taskset(1) would find itself under the link's own name.
  private static let program: String = {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count)
    return String(decoding: path.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }()

  /// The processor that this program stands on when it begins: one that it may use.
  private static let processor = ctimer_processor()

  /// Runs a program to its end and returns what it has written, less the last newline.
  private static func output(of arguments: [String]) throws -> String {
    var ends: [Int32] = [0, 0]
    try Violation.unless(pipe(&ends) == 0, "no pipe")
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
    posix_spawn_file_actions_addclose(&actions, ends[0])
    var words = arguments.map { strdup($0) as UnsafeMutablePointer<CChar>? } + [nil]
    var child = pid_t()
    let code = posix_spawnp(&child, arguments[0], &actions, nil, &words, environ)
    for case let word? in words { free(word) }
    posix_spawn_file_actions_destroy(&actions)
    close(ends[1])
    defer { close(ends[0]) }
    try Violation.unless(code == 0, "\(arguments[0]) cannot be started: \(String(cString: strerror(code)))")
    var bytes = [UInt8](repeating: 0, count: 1024)
    var text: [UInt8] = []
    while case let count = read(ends[0], &bytes, bytes.count), count > 0 { text += bytes[..<count] }
    var status: Int32 = 0
    waitpid(child, &status, 0)
    return String(decoding: text.last == UInt8(ascii: "\n") ? text.dropLast() : text[...], as: UTF8.self)
  }
}
