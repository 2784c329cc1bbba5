import EpollLoop

/// Sends every byte back, until it is cancelled.
public func serveEcho(on listener: Listener) async throws {
  try await listener.serve(maximumConnections: 1000, grace: .seconds(5)) { connection in
    for try await chunk in connection {
      try await connection.write(chunk)
    }
  }
}

/// Sends a text and returns what comes back.
public func ask(_ address: SocketAddress, _ text: String) async throws -> String {
  let connection = try await Connection.tcp(to: address)
  try await connection.write(text)
  try await connection.finish()
  var answer: [UInt8] = []
  for try await chunk in connection { answer += chunk }
  await connection.close()
  return String(decoding: answer, as: UTF8.self)
}
