// compiles, and should not, in plain, inherit, main, both
// Traps at run time: a connection is Sendable, so that it may be kept anywhere, and checks its thread.
import EpollLoop

nonisolated func program(_ connection: Connection) throws {
  try EventLoop().run { loop in
    spawn { try await connection.write([1]) }
    Task.detached { try await connection.write([2]) }
  }
}
