import EpollLoop

try EventLoop.run {
  print("good night")
  try await sleep(for: .seconds(1))
  print("good morning")
}
