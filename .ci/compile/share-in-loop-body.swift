// compiles in plain, inherit, main, both
import EpollLoop

nonisolated final class Box { var count = 0 }

nonisolated func program() throws {
  try EventLoop().run { loop in
    let box = Box()
    var total = 0
    let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
    let accepted = spawn { try await listener.accept() }
    let client = try await Connection.tcp(to: listener.localAddress)
    let server = try await accepted.value
    let writer = spawn {
      box.count += 1
      total += 1
      try await client.write([1, 2])
      await client.close()
    }
    let reader = spawn {
      while let chunk = try await server.read() { total += chunk.count }
      box.count += 1
    }
    try await writer.value
    try await reader.value
    _ = try await gather(over: 0..<3) { number in total += box.count + number }
    try await withTaskScope { scope in
      scope.spawn { box.count += 1 }
      scope.spawn { box.count += total }
    }
    spawn(over: 0..<3) { number in box.count += number }
    EventLoop.current.soon { box.count += total }
  }
}
