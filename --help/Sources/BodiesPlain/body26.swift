import EpollLoop

@MainActor func body26() throws {
try EventLoop.run {
try await withTaskScope(limit: 10) { scope in
  let port = try await scope.start { (ready: ReadySignal<UInt16>) in
    let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
    ready(listener.localAddress.port)
    try await listener.serve { connection in try await connection.write("hello") }
  }
  let greeting = scope.spawn(name: "client") {
    let connection = try await Connection.tcp(host: "127.0.0.1", port: port)
    return try await connection.read().map { String(decoding: $0, as: UTF8.self) }
  }
  print(try await greeting.value ?? "nothing")  // hello
  scope.cancel()
}
}
}
