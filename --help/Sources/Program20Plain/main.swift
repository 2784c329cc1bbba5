import EpollLoop

try EventLoop.run {
  let sum = try await offload { (1...50_000_000).reduce(0, &+) }
  print(sum)
}
