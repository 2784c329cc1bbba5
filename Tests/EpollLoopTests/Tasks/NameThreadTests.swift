@testable import EpollLoop
import EpollLoopTesting
import Glibc
import Testing

/// Name look-ups have threads of their own; each test is a process of its own.
@Suite struct NameThreadTests {
  @Test func `a name is looked up although every thread of the shared pool is taken`() async {
    await #expect(processExitsWith: .success) {
      // A look-up that waits for one of them would wait for ever.
      alarm(60)
      try await runOnLoop {
        let gate = Gate()
        let calls = spawn(over: 0..<ThreadPool.shared.maximumThreads) { _ in try await offload { gate.wait() } }
        await yield()
        let addresses = try await SocketAddress.resolve(host: "localhost", port: 80)
        guard !addresses.isEmpty else { exit(2) }
        gate.open()
        for call in calls { try await call.value }
      }
    }
  }

  @Test func `calls are offloaded although every thread for names is taken`() async {
    await #expect(processExitsWith: .success) {
      alarm(60)
      try await runOnLoop(clock: .kernel) {
        let (gate, started) = (Gate(), Counter())
        for _ in 0..<ThreadPool.names.maximumThreads + 1 {
          try ThreadPool.names.submit {
            started.add()
            gate.wait()
          }
        }
        guard started.wait(for: ThreadPool.names.maximumThreads) else { exit(2) }
        let look = spawn { try await SocketAddress.resolve(host: "localhost", port: 80) }
        let value = try await offload { 7 }
        guard value == 7, !look.isDone else { exit(3) }
        gate.open()
        guard try await !look.value.isEmpty, ThreadPool.names.threadCount <= 8 else { exit(4) }
      }
    }
  }
}
