import EpollLoop
import Glibc

// What a program may do around `EventLoop.run`, one thing for each word on the command line.
switch CommandLine.arguments.dropFirst().first {
case "shortage":
  for spare in [0, 1, 2, 3, 0, 1] {
    let copies = takeDescriptors(butFor: spare)
    do {
      try EventLoop.run { try await sleep(for: .milliseconds(1)) }
      print("\(spare): it has run")
    } catch {
      print("\(spare): \(error)")
    }
    for copy in copies { close(copy) }
  }
default:
  print("usage: sync-main shortage")
  exit(64)
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
