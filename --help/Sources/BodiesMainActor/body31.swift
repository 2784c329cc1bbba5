import EpollLoop

@MainActor func body31() throws {
try EventLoop.run {
var isReturned = false
let task = spawn {
  try await shield {
    try await sleep(for: .milliseconds(5))
    isReturned = true
  }
  try await sleep(for: .seconds(3600))
}
await yield()
task.cancel()
do { try await task.value } catch is CancellationError { print("cancelled, and returned:", isReturned) }
print(isReturned)  // true
}
}
