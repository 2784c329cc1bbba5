import EpollLoop

nonisolated func body11() throws {
try EventLoop().run {
let news = Broadcast<Int>(capacity: 2)
let (quick, slow) = (news.subscribe(), news.subscribe())
var heard: [Int] = []
let listener = spawn { for try await item in quick { heard.append(item) } }
for item in 1...3 {
  news.send(item)
  await yield()
}
do { _ = try await slow.next() } catch let lag as BroadcastLagged { print(lag.count) }  // 1
print(try await slow.next() ?? 0)  // 2
news.close()
try await listener.value
print(heard)  // [1, 2, 3]
}
}
