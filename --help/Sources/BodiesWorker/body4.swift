import EpollLoop

nonisolated func body4() throws {
try EventLoop().run {
let downloads = Semaphore(limit: 3)
var (running, most) = (0, 0)
_ = try await gather(over: 0..<10) { _ in
  try await downloads.withPermit {
    running += 1
    most = max(most, running)
    try await sleep(for: .milliseconds(1))
    running -= 1
  }
}
print(most)  // 3
}
}
