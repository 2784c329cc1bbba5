import EpollLoop

@MainActor func body8() throws {
try EventLoop.run {
let barrier = Barrier(parties: 3)
var steps: [Int] = []
_ = try await gather(over: 0..<3) { _ in
  for step in 1...2 {
    steps.append(step)
    if try await barrier.wait() { print("step \(step) is done") }
  }
}
print(steps)  // [1, 1, 1, 2, 2, 2]
}
}
