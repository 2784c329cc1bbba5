import EpollLoop

nonisolated func body5() throws {
try EventLoop().run {
let lock = Lock()
var balance = 0
_ = try await gather(over: 1...10) { amount in
  try await lock.withLock {
    let before = balance
    try await sleep(for: .milliseconds(1))
    balance = before + amount
  }
}
print(balance)  // 55
}
}
