// refused in plain, inherit, main, both: argument passed to call that takes no arguments
import EpollLoop

nonisolated(nonsending) func program(_ connection: Connection) async throws {
  var buffer = [UInt8](repeating: 0, count: 10)
  var span = buffer.mutableSpan
  _ = try await connection.read(into: &span)
}
