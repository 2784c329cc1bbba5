import Echo
import EpollLoop

try EventLoop.run {
  let listener = try Listener.tcp(host: "127.0.0.1", port: 0)   // the kernel picks a port
  let server = spawn { try await serveEcho(on: listener) }
  print(try await ask(listener.localAddress, "hello"))
  server.cancel()
}
