import EpollLoop

func lookUp(_ name: String) async throws -> Int {
  try await sleep(for: .milliseconds(20))
  return name.count
}

try EventLoop.run {
  let lengths = try await gather(over: ["one", "three", "fifteen"], limit: 2) { try await lookUp($0) }
  print(lengths)
}
