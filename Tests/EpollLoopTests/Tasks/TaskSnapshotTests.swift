@testable import EpollLoop
import EpollLoopTesting
import Glibc
import Testing

/// The list of a loop's tasks, and the reports about those that hold the thread.
@Suite struct TaskSnapshotTests {
  @Test func `the list says who waits for what, and since when`() async throws {
    try await runOnLoop {
      let sleeper = spawn(name: "sleeper") { try await sleep(for: .seconds(10)) }
      let waiter = spawn(name: "waiter") { try await sleeper.value }
      try await sleep(for: .seconds(3))
      let tasks = EventLoop.current.tasks
      #expect(tasks.map(\.name) == ["main", "sleeper", "waiter"])
      #expect(tasks.map(\.number) == [1, 2, 3])
      #expect(
        tasks.map(\.state) == [
          .running, .waiting(for: "sleep", time: .seconds(3)), .waiting(for: "a task's value", time: .seconds(3)),
        ])
      try await waiter.value
    }
  }

  @Test func `tasks that wait before the first poll of a loop have waited since then`() async throws {
    // A run whose main task is created by the loop's own thread: it is ready before the first poll.
    let (state, polls) = try await onThread(named: "loop", onCancel: {}) {
      try EventLoop().run { loop in
        spawn(name: "sleeper") {
          _ = loop
          try await waitForever()
        }
        await yield()
        return (EventLoop.current.tasks.last?.state, EventLoop.current.statistics.polls)
      }
    }
    // Not the time since the machine was started.
    if case .waiting(_, let time) = state { #expect(time < .seconds(20)) } else { Issue.record("It does not wait") }
    #expect(polls == 0)
  }

  @Test func `a task is listed with its parent and the place where it was spawned`() async throws {
    try await runOnLoop(endsLeftovers: true) {
      let parent = spawn(name: "parent") {
        try await spawn(name: "child") { try await waitForever() }.value
      }
      await yield()
      await yield()
      let tasks = EventLoop.current.tasks
      #expect(tasks.map(\.parent) == [nil, 1, 2])
      #expect(tasks[0].location == nil)
      #expect(tasks[1].location?.hasPrefix("EpollLoopTests/TaskSnapshotTests.swift:") == true)
      parent.cancel()
    }
  }

  @Test func `tasks that have not run, that are ready and that are cancelled say so`() async throws {
    try await runOnLoop {
      let ready = spawn(name: "ready") { await yield() }
      let cancelled = spawn(name: "cancelled") { try await waitForever() }
      await yield()
      cancelled.cancel()
      let starting = spawn(name: "starting") {}
      let tasks = EventLoop.current.tasks
      #expect(tasks.map(\.state) == [.running, .ready, .ready, .starting])
      #expect(tasks.map(\.isCancelled) == [false, false, true, false])
      try await ready.value
      try await starting.value
    }
  }

  @Test func `a task that waits for something of Swift's own waits elsewhere`() async throws {
    try await runOnLoop {
      var resume: UnsafeContinuation<Void, Never>?
      let task = spawn { await withUnsafeContinuation { resume = $0 } }
      await yield()
      #expect(EventLoop.current.tasks.last?.state == .elsewhere)
      resume?.resume()
      #expect(EventLoop.current.tasks.last?.state == .ready)
      try await task.value
    }
  }

  @Test func `a task that drains its children is listed as waiting`() async throws {
    try await runOnLoop {
      let parent = spawn(name: "parent") {
        try await withTimeout(.seconds(5)) {
          // It does not let itself be cancelled.
          for _ in 0..<3 { await waitStubbornly() }
        }
      }
      await yield()
      parent.cancel()
      try await sleep(for: .milliseconds(1))
      let state = EventLoop.current.tasks.first { $0.name == "parent" }?.state
      #expect(state == .waiting(for: "tasks to end", time: .milliseconds(1)))
      _ = try? await parent.value
    }
  }

  @Test func `a line of the list reads well`() {
    let task = TaskSnapshot(
      number: 7, parent: 3, name: "reader", location: "Main.swift:12",
      state: .waiting(for: "bytes to read", time: .seconds(2)), isCancelled: true)
    #expect(task.description == "7 'reader' (Main.swift:12) of 3, waiting for bytes to read, 2.0 seconds, cancelled")
  }

  @Test func `a signal has the tasks printed, more than once`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try await runOnLoop(clock: .kernel) {
        let printer = try EventLoop.current.printTasks()
        for _ in 0..<2 {
          await yield()
          deliver(.user1)
          // Printed when the loop has looked at the kernel.
          for _ in 0..<1000 { await yield() }
        }
        printer.cancel()
      }
    }
    let text = String(decoding: result.standardErrorContent, as: UTF8.self)
    #expect(text.split(separator: "\n").filter { $0.contains("EpollLoop: 2 tasks") }.count == 2)
    #expect(text.contains("  2 'task printer' (EpollLoop/TaskPrinter.swift:"))
  }

  @Test func `a printer that is cancelled before it runs leaves nothing`() async throws {
    try await runOnLoop {
      let printer = try EventLoop.current.printTasks()
      #expect(EventLoop.current.census.registrations == 1)
      printer.cancel()
      try? await printer.value
      #expect(EventLoop.current.census.registrations == 0)
    }
  }

  @Test func `a task that holds the thread is named, with its place`() async throws {
    try await runOnLoop {
      var reports: [String] = []
      EventLoop.current.reportSlowTasks(over: .milliseconds(5)) { reports.append($0) }
      let quick = spawn(name: "quick") { await yield() }
      let slow = spawn(name: "slow") { hold(milliseconds: 6) }
      let later = spawn(name: "later") {
        await yield()
        hold(milliseconds: 6)
        await yield()
      }
      try await quick.value
      try await slow.value
      try await later.value
      EventLoop.current.reportSlowTasks(over: nil)
      let countWhenOn = reports.count
      hold(milliseconds: 6)
      await yield()
      for name in ["slow", "later"] {
        let place = "task '\(name)' (EpollLoopTests/TaskSnapshotTests.swift:"
        #expect(reports.count { $0.hasPrefix(place) && heldSeconds(in: $0) >= 0.006 } >= 1)
      }
      // A busy machine may keep the thread from running in any turn.
      #expect(reports.allSatisfy { heldSeconds(in: $0) >= 0.005 })
      #expect(reports.count == countWhenOn)
    }
  }
}

/// The duration that a report ends with.
private func heldSeconds(in report: String) -> Double {
  let words = report.split(separator: " ")
  return words.last == "seconds" ? Double(words.dropLast().last ?? "") ?? 0 : 0
}

/// Keeps the thread busy.
private func hold(milliseconds: Int64) {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC_RAW, &now)
  let end = now.tv_sec * 1_000_000_000 + now.tv_nsec + Int(milliseconds) * 1_000_000
  while now.tv_sec * 1_000_000_000 + now.tv_nsec < end { clock_gettime(CLOCK_MONOTONIC_RAW, &now) }
}

/// Waits for a second whatever becomes of the task.
private func waitStubbornly() async {
  let end = EventLoop.current.now + .seconds(1)
  while EventLoop.current.now < end {
    let core = LoopCore.current
    _ = await core.parkThroughCancellation(for: "test") { core.schedule($0, at: end) }
  }
}
