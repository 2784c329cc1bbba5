import Glibc

/// A program that a test runs as a user does. It is reaped in any case, and every wait has an end.
final class Program {
  /// Something that did not happen in time, or a call that failed.
  struct Failure: Error, CustomStringConvertible {
    let description: String
  }

  /// How a program ended.
  enum Exit: Equatable {
    case code(Int32)
    case signal(Int32)
  }

  /// Lines that a program writes, read as they come.
  struct Stream {
    fileprivate let fd: Int32
    fileprivate var bytes: [UInt8] = []
    fileprivate var hasEnded = false
  }

  let pid: pid_t
  private let name: String
  private var output: Stream
  private var error: Stream
  private var exit: Exit?
  /// Two programs started at once would hold each other's pipes open.
  private static let lock = Mutex()

  /// Starts a program of this package, or one that is given with its path.
  ///
  /// - Parameters:
  ///   - descriptors: How many it may have open at most; nil leaves the limit.
  ///   - tracer: A command in front of the program, found in PATH, that leaves it this process's child.
  init(
    _ name: String, _ arguments: [String] = [], descriptors: Int? = nil, under tracer: [String] = []
  ) throws {
    self.name = name
    let path = name.contains("/") ? name : "\(try Program.folder())/\(name)"
    var words = [path] + arguments
    if !tracer.isEmpty { words = ["/bin/sh", "-c", "exec \"$0\" \"$@\""] + tracer + words }
    if let descriptors {
      words = ["/bin/sh", "-c", "ulimit -n \(descriptors); exec \"$0\" \"$@\""] + words
    }
    Program.lock.lock()
    defer { Program.lock.unlock() }
    let (outputEnd, outputStart) = try Program.pipe()
    let (errorEnd, errorStart) = try Program.pipe()
    defer {
      close(outputStart)
      close(errorStart)
    }
    output = Stream(fd: outputEnd)
    error = Stream(fd: errorEnd)
    pid = try Program.spawn(words, output: outputStart, error: errorStart)
  }

  deinit {
    if exit == nil {
      kill(pid, SIGKILL)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
    }
    close(output.fd)
    close(error.fd)
  }

  /// The next line of standard output; nil at its end.
  func line(within seconds: Int = 20) throws -> String? {
    try Program.line(of: &output, within: seconds, name)
  }

  /// What is left of standard output, to its end.
  func outputLines(within seconds: Int = 20) throws -> [String] {
    try Program.lines(of: &output, within: seconds, name)
  }

  /// What is left of standard error, to its end.
  func errorLines(within seconds: Int = 20) throws -> [String] {
    try Program.lines(of: &error, within: seconds, name)
  }

  /// Sends it a signal.
  func signal(_ number: Int32) {
    if exit == nil { kill(pid, number) }
  }

  /// Waits for its end.
  func wait(within seconds: Int = 20) throws -> Exit {
    if let exit { return exit }
    let deadline = Program.now() + Int64(seconds) * 1000
    var status: Int32 = 0
    while waitpid(pid, &status, WNOHANG) == 0 {
      guard Program.now() < deadline else { throw Failure(description: "\(name) did not end in \(seconds) s") }
      _ = poll(nil, 0, 5)
    }
    let code = status & 0x7F
    let exit = code == 0 ? Exit.code((status >> 8) & 0xFF) : .signal(code)
    self.exit = exit
    return exit
  }

  /// Runs a program to its end.
  static func run(_ name: String, _ arguments: [String] = []) throws -> (exit: Exit, output: [String], error: [String])
  {
    let program = try Program(name, arguments)
    let output = try program.outputLines(within: 60)
    let error = try program.errorLines(within: 60)
    return (try program.wait(), output, error)
  }

  private static func lines(of stream: inout Stream, within seconds: Int, _ name: String) throws -> [String] {
    var lines: [String] = []
    while let line = try line(of: &stream, within: seconds, name) { lines.append(line) }
    return lines
  }

  private static func line(of stream: inout Stream, within seconds: Int, _ name: String) throws -> String? {
    let deadline = now() + Int64(seconds) * 1000
    while true {
      if let end = stream.bytes.firstIndex(of: UInt8(ascii: "\n")) {
        defer { stream.bytes.removeSubrange(...end) }
        return String(decoding: stream.bytes[..<end], as: UTF8.self)
      }
      if stream.hasEnded {
        defer { stream.bytes = [] }
        return stream.bytes.isEmpty ? nil : String(decoding: stream.bytes, as: UTF8.self)
      }
      var wanted = pollfd(fd: stream.fd, events: Int16(POLLIN), revents: 0)
      guard poll(&wanted, 1, Int32(max(0, deadline - now()))) > 0 else {
        throw Failure(description: "\(name) printed no further line in \(seconds) s")
      }
      var part = [UInt8](repeating: 0, count: 4096)
      let count = read(stream.fd, &part, part.count)
      if count <= 0 { stream.hasEnded = true } else { stream.bytes += part.prefix(count) }
    }
  }

  private static func spawn(_ words: [String], output: Int32, error: Int32) throws -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, error, 2)
    // A test library's signal mask and dispositions are none of the program's.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigfillset(&signals)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, words[0], &actions, &attributes, &arguments, environ)
    guard code == 0 else { throw Failure(description: "\(words[0]) cannot be started: \(code)") }
    return pid
  }

  private static func pipe() throws -> (end: Int32, start: Int32) {
    var ends: [Int32] = [-1, -1]
    guard Glibc.pipe(&ends) == 0 else { throw Failure(description: "no pipe") }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    return (ends[0], ends[1])
  }

  /// Milliseconds of a clock that never goes back.
  static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }

  /// Where the programs are built: beside the tests themselves, whatever the scratch path.
  static func folder() throws -> String {
    var path = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &path, path.count - 1)
    let executable = String(decoding: path.prefix(max(0, count)).map(UInt8.init(bitPattern:)), as: UTF8.self)
    let source = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
    let beside = ([executable] + CommandLine.arguments).map {
      $0.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
    }
    let candidates = beside.filter { !$0.isEmpty } + ["/\(source)/.build/debug"]
    // A bundle is a file here and a folder elsewhere.
    for folder in candidates.flatMap({ [$0, "\($0)/..", "\($0)/../.."] })
    where access("\(folder)/echo-server", X_OK) == 0 {
      return folder
    }
    throw Failure(description: "the programs are not built beside the tests: \(candidates)")
  }
}

/// pthread_mutex_lock(3)
// SAFETY: the pointee is touched by pthread calls alone.
private final class Mutex: @unchecked Sendable {
  private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  init() { pthread_mutex_init(mutex, nil) }
  func lock() { pthread_mutex_lock(mutex) }
  func unlock() { pthread_mutex_unlock(mutex) }
}
