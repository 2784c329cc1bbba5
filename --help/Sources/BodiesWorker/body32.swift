import EpollLoop

nonisolated func body32() throws {
try EventLoop().run {
let sum = try await offload { (1...1_000_000).reduce(0, +) }
print(sum)  // 500000500000

let disk = ThreadPool(maximumThreads: 1)
let measured = try await offloadMeasured(on: disk) { "a file's text" }
print(measured.value, measured.queueWait >= .zero)  // a file's text true
}
}
