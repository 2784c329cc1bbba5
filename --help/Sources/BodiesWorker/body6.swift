import EpollLoop

nonisolated func body6() throws {
try EventLoop().run {
let isConnected = Event()
let user = spawn {
  try await isConnected.wait()
  return "connected"
}
isConnected.set()
print(try await user.value)  // connected
}
}
