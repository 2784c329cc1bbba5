@testable import EpollLoop
import EpollLoopTesting
import Glibc
import Testing

/// Calls when the system has no thread to give; each test is a process of its own.
@Suite struct ThreadShortageTests {
  /// Leaves this process too little address space for another thread's stack, setrlimit(2).
  private static func forbidThreads() throws {
    let sizes = try #require(fopen("/proc/self/statm", "r"))
    defer { fclose(sizes) }
    var text = [CChar](repeating: 0, count: 128)
    fgets(&text, 128, sizes)
    let space = strtoul(text, nil, 10) * UInt(sysconf(Int32(_SC_PAGESIZE)))
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    limit.rlim_cur = space + 4_000_000
    let result = setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    try #require(result == 0)
  }

  private static func allowThreads() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
  }

  @Test func `without any thread a call fails, and is not made later`() async {
    await #expect(processExitsWith: .success) {
      try await runOnLoop {
        let pool = ThreadPool(maximumThreads: 1, idleTime: .zero)
        let made = CallCounter()
        try ThreadShortageTests.forbidThreads()
        let error = await #expect(throws: IOError.self) {
          try await offload(on: pool) { _ = made.add() }
        }
        #expect(error?.operation == .startThread)
        #expect(error?.reason == .wouldBlock)
        #expect(pool.threadCount == 0)
        ThreadShortageTests.allowThreads()
        let madeBefore = try await offload(on: pool) { made.value }
        #expect(madeBefore == 0)
        #expect(EventLoop.current.census.waiters == 0)
      }
    }
  }

  @Test func `without another thread a call waits for the one that is there`() async {
    await #expect(processExitsWith: .success) {
      try await runOnLoop {
        let pool = ThreadPool(maximumThreads: 2)
        let (started, gate) = (Gate(), Gate())
        let first = spawn {
          try await offload(on: pool) {
            started.open()
            gate.wait()
          }
        }
        await yield()
        started.wait()
        try ThreadShortageTests.forbidThreads()
        let second = spawn { try await offload(on: pool) { 2 } }
        await yield()
        #expect(pool.threadCount == 1)
        gate.open()
        try await first.value
        let value = try await second.value
        #expect(value == 2)
        ThreadShortageTests.allowThreads()
      }
    }
  }
}
