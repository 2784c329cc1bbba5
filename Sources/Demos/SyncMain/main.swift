import EpollLoop
import Glibc

// What a program may do around `EventLoop.run`, one thing for each word on the command line.
switch CommandLine.arguments.dropFirst().first {
case "shortage":
  for spare in [0, 1, 2, 3, 0, 1, 1] {
    let copies = takeDescriptors(butFor: spare)
    do {
      try EventLoop.run { try await sleep(for: .milliseconds(1)) }
      print("\(spare): it has run")
    } catch {
      print("\(spare): \(error)")
    }
    for copy in copies { close(copy) }
  }
case "early":
  // Made before the process has a loop: the first is the main actor's, as all of top-level code is.
  let first = Task {
    print("a task")
    try await Task.sleep(for: .milliseconds(1))
    try await sleep(for: .milliseconds(1))
    return try await spawn { MainActor.assertIsolated() }.value
  }
  let second = Task { print("another task") }
  try EventLoop.run {
    print("the body")
    try await first.value
    await second.value
    print("threads: \(threadCount())")
  }
case "early-detached":
  let task = Task.detached {
    try await Task.sleep(for: .milliseconds(1))
    await MainActor.run { print("a detached task") }
    try await Task.sleep(for: .milliseconds(1))
  }
  try EventLoop.run { try await task.value }
case "sleep-elsewhere":
  try EventLoop.run {
    let start = ContinuousClock.now
    try await Elsewhere().sleep()
    print("slept long enough: \(ContinuousClock.now - start >= .milliseconds(1))")
  }
case "in-task":
  Task.detached { try EventLoop.run {} }
  while true { pause() }
case "other-thread":
  try startThread()
  while true { pause() }
case "waits":
  EventLoop.runMain {
    say("waiting")
    try await sleep(for: .seconds(3600))
  }
case "drains":
  EventLoop.runMain {
    say("waiting")
    do { try await sleep(for: .seconds(3600)) } catch is CancellationError {}
    print("drained")
  }
case "stays":
  EventLoop.runMain {
    say("waiting")
    do { try await sleep(for: .seconds(3600)) } catch is CancellationError {}
    say("still waiting")
    try await shield { try await sleep(for: .seconds(3600)) }
  }
case "fails-when-cancelled":
  EventLoop.runMain {
    say("waiting")
    do { try await sleep(for: .seconds(3600)) } catch is CancellationError { throw TwoLines() }
  }
case "fails": EventLoop.runMain { throw TwoLines() }
case "cancels-itself": EventLoop.runMain { throw CancellationError() }
case "takes-port":
  EventLoop.runMain {
    let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
    let second = try Listener.tcp(host: "127.0.0.1", port: listener.localAddress.port)
    print(second.localAddress)
  }
case "ends":
  EventLoop.runMain {
    spawn {
      defer { print("a spawned task has ended") }; try await sleep(for: .seconds(3600))
    }
    await yield()
    print("the body has ended")
  }
default:
  print("usage: sync-main WORD, with one of the words above")
  exit(64)
}

/// Prints a line now, to a pipe too.
func say(_ line: String) {
  print(line)
  fflush(nil)
}

/// An error that describes itself in two lines.
struct TwoLines: Error, CustomStringConvertible {
  let description = "the first line\nand the second"
}

/// How many threads the process has, from /proc/self/task (proc(5)).
func threadCount() -> Int {
  guard let folder = opendir("/proc/self/task") else { return 0 }
  defer { closedir(folder) }
  var count = -2
  while readdir(folder) != nil { count += 1 }
  return count
}

/// Takes all descriptors that the process may still have, but for a few.
func takeDescriptors(butFor spare: Int) -> [Int32] {
  var limit = rlimit()
  getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  limit.rlim_cur = min(limit.rlim_cur, 64)
  setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
  var copies: [Int32] = []
  while case let copy = dup(STDERR_FILENO), copy >= 0 { copies.append(copy) }
  for _ in 0..<spare { close(copies.removeLast()) }
  return copies
}
