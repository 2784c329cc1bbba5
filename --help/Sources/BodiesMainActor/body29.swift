import EpollLoop

@MainActor func body29() throws {
try EventLoop.run {
struct Busy: Error {}
let answer = try await retry(
  attempts: 5, wait: .exponential(from: .milliseconds(1)).jittered(.full), attemptLimit: .milliseconds(50)
) { attempt in
  if attempt == 1 { throw Busy() }
  if attempt == 2 { try await sleep(for: .seconds(3600)) }
  return "attempt \(attempt)"
}
print(answer)  // attempt 3

do {
  try await withTimeout(.milliseconds(5)) { try await sleep(for: .seconds(3600)) }
} catch let error as IOError where error.reason == .timedOut {
  print("too late")  // too late
}
}
}
