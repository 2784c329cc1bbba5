// refused in plain, inherit, main, both: no exact matches in call to instance method 'write'
import EpollLoop

nonisolated(nonsending) func program(_ connection: Connection) async throws {
  var buffer = [UInt8](repeating: 0, count: 10)
  buffer = [1]
  try await connection.write(buffer.span)
}
