import EpollLoop

@MainActor func body12() throws {
try EventLoop.run {
let level = Watch(0)
var seen: [Int] = []
let display = spawn { for try await value in level { seen.append(value) } }
await yield()
level.value = 7
level.value = 8
level.close()
try await display.value
print(seen)  // [0, 8]
}
}
