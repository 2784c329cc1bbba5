import EpollLoop

@MainActor func body25() throws {
try EventLoop.run {
let squares = try await gather(over: 1...6, limit: 2, progress: { print($0.finished, "of 6") }) { number in
  try await sleep(for: .milliseconds(number))
  return number * number
}
print(squares)  // [1, 4, 9, 16, 25, 36]
}
}
