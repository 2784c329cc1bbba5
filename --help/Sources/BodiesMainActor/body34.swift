import EpollLoop

@MainActor func body34() throws {
try EventLoop.run {
var rang = 0
let silence = EventLoop.current.schedule(after: .milliseconds(20)) { rang += 1 }
for _ in 1...3 {
  try await sleep(for: .milliseconds(5))
  silence.reschedule(after: .milliseconds(20))
}
try await sleep(for: .milliseconds(30))
print(rang, silence.reschedule(after: .seconds(1)))  // 1 false
}
}
