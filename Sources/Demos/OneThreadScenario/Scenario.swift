import EpollLoop
import Glibc

/// Uses everything of Swift's concurrency that would start threads elsewhere, and counts them.
public enum Scenario {
  /// Runs it.
  ///
  /// - Returns: What went wrong; empty if all went well and the process has had one thread throughout.
  @MainActor
  public static func run() async throws -> [String] {
    var problems: [String] = []
    func check(_ what: String, _ holds: Bool) {
      if !holds { problems.append(what) }
      if threadCount() != 1 { problems.append("\(what): \(threadCount()) threads") }
    }
    check("Task {}", await Task { 1 }.value == 1)
    check("Task.detached", await Task.detached { 2 }.value == 2)
    async let three = nonisolatedValue(3)
    check("async let", await three == 3)
    let sum = await withTaskGroup(of: Int.self) { group in
      for number in 1...100 {
        group.addTask {
          await Task.yield()
          return number
        }
      }
      var sum = 0
      for await number in group { sum += number }
      return sum
    }
    check("task group", sum == 5050)
    let counter = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 1...100 { group.addTask { await counter.add() } }
    }
    check("actor", await counter.count == 100)
    check("@MainActor", await detachedMainActorValue() == 4)
    let stream = AsyncStream<Int> { continuation in
      Task.detached {
        for number in 1...3 {
          continuation.yield(number)
          await Task.yield()
        }
        continuation.finish()
      }
    }
    var received: [Int] = []
    for await number in stream { received.append(number) }
    check("AsyncStream", received == [1, 2, 3])
    let start = ContinuousClock.now
    try await Task.sleep(for: .milliseconds(20))
    check("Task.sleep", ContinuousClock.now - start >= .milliseconds(20))
    try await Task.sleep(until: .now + .milliseconds(5), clock: .suspending)
    check("Task.sleep on SuspendingClock", true)
    try await sleep(for: .milliseconds(5))
    check("sleep", true)
    check("spawn", try await spawn { 5 }.value == 5)
    let (one, two) = try await gather({ 1 }, { "two" })
    check("gather", one == 1 && two == "two")
    check("cancelled Task.sleep", await cancelledSleep())
    return problems
  }

  private nonisolated static func nonisolatedValue(_ number: Int) async -> Int { number }
  @concurrent
  private nonisolated static func detachedMainActorValue() async -> Int { await mainActorValue() }
  @MainActor
  private static func mainActorValue() -> Int { threadCount() == 1 ? 4 : 0 }

  private static func cancelledSleep() async -> Bool {
    let task = Task { try await Task.sleep(for: .seconds(3600)) }
    await Task.yield()
    task.cancel()
    do {
      try await task.value
      return false
    } catch {
      return error is CancellationError
    }
  }

  /// How many threads the process has, from /proc/self/status (proc(5)).
  public static func threadCount() -> Int {
    guard let file = fopen("/proc/self/status", "r") else { return -1 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      if text.hasPrefix("Threads:") { return Int(text.dropFirst(8).filter(\.isNumber)) ?? -1 }
    }
    return -1
  }
}

private actor Counter {
  private(set) var count = 0
  func add() { count += 1 }
}

/// Prints the verdict and ends the process: 0 if there are no problems, else 1.
public func finish(_ problems: [String]) -> Never {
  for problem in problems { print("FAILED \(problem)") }
  if problems.isEmpty { print("one thread throughout") }
  exit(problems.isEmpty ? 0 : 1)
}
