import EpollLoop

nonisolated func body7() throws {
try EventLoop().run {
let condition = Condition()
var orders: [String] = []
let shop = spawn {
  try await condition.withLock {
    try await condition.wait { !orders.isEmpty }
    return orders.removeFirst()
  }
}
await yield()
try await condition.withLock {
  orders.append("tea")
  condition.notify()
}
print(try await shop.value)  // tea
}
}
