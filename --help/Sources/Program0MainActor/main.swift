import EpollLoop

try EventLoop.run {                                   // asyncio.run
  let listener = try Listener.tcp(host: "127.0.0.1", port: 0)
  try await listener.serve { connection in            // one task per connection, structured
    for try await chunk in connection { try await connection.write(chunk) }
  }
}
