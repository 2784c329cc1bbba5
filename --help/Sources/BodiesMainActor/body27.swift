import EpollLoop

@MainActor func body27() throws {
try EventLoop.run {
let tasks = [300, 10, 200].map { delay in
  spawn {
    try await sleep(for: .milliseconds(delay))
    return delay
  }
}
let (done, pending) = try await wait(for: tasks, until: .firstCompleted, timeout: .seconds(5))
print(done.count, pending.count)  // 1 2
var order: [Int] = []
for try await completion in asCompleted(tasks) { order.append(try completion.value) }
print(order)  // [10, 200, 300]
}
}
