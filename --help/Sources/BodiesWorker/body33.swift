import EpollLoop

nonisolated func body33() throws {
try EventLoop().run {
let shown = try await withProgress("copying", total: 100, unit: "files") { bar in
  _ = try await gather(over: 0..<100, limit: 10) { _ in
    try await sleep(for: .milliseconds(1))
    bar.advance()
  }
  return bar.count
}
print(shown)  // 100
}
}
