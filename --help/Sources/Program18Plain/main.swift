import EpollLoop

try EventLoop.run {
  do {
    try await withTimeout(.milliseconds(50)) { try await sleep(for: .seconds(3600)) }
  } catch let error as IOError where error.reason == .timedOut {
    print("too late")
  }
}
