@testable import EpollLoop
import EpollLoopTesting
import Testing

@Suite struct SpawnTests {
  @Test func `a handle gives the task's value`() async throws {
    let value = try await runOnLoop {
      let task = spawn {
        try await sleep(for: .seconds(1))
        return "value"
      }
      return try await task.value
    }
    #expect(value == "value")
  }

  @Test func `a handle throws the task's error`() async throws {
    try await runOnLoop {
      let task = spawn { throw Broken(number: 1) }
      await #expect(throws: Broken(number: 1)) { try await task.value }
    }
  }

  @Test func `a spawned task first runs when the caller waits`() async throws {
    try await runOnLoop {
      var hasStarted = false
      spawn { hasStarted = true }
      #expect(!hasStarted)
      await yield()
      #expect(hasStarted)
    }
  }

  @Test func `spawned tasks start in the order of their creation`() async throws {
    try await runOnLoop {
      var order: [Int] = []
      for number in 0..<100 { spawn { order.append(number) } }
      await yield()
      #expect(order == Array(0..<100))
    }
  }

  @Test func `a task that is cancelled before it starts runs nothing`() async throws {
    try await runOnLoop {
      var hasStarted = false
      let task = spawn { hasStarted = true }
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(!hasStarted)
      #expect(task.isDone)
    }
  }

  @Test func `a cancelled task may still return a value`() async throws {
    try await runOnLoop {
      let task = spawn {
        try? await waitForever()
        return 9
      }
      await yield()
      task.cancel()
      let value = try await task.value
      #expect(value == 9)
    }
  }

  @Test func `a cancelled task keeps the error that it throws`() async throws {
    try await runOnLoop {
      let task = spawn {
        do { try await waitForever() } catch { throw Broken(number: 2) }
      }
      await yield()
      task.cancel()
      await #expect(throws: Broken(number: 2)) { try await task.value }
    }
  }

  @Test func `cancelling a waiting task leaves the awaited one running`() async throws {
    try await runOnLoop {
      let awaited = spawn {
        try await sleep(for: .seconds(5))
        return "done"
      }
      let waiting = spawn { try await awaited.value }
      await yield()
      await yield()
      waiting.cancel()
      await #expect(throws: CancellationError.self) { try await waiting.value }
      #expect(!awaited.isDone)
      let value = try await awaited.value
      #expect(value == "done")
    }
  }

  @Test func `several tasks await one, and all get its result in their order`() async throws {
    try await runOnLoop {
      var order: [Int] = []
      let task = spawn {
        try await sleep(for: .seconds(1))
        return 3
      }
      let values = try await gather(over: 0..<10) { number in
        let value = try await task.value
        order.append(number)
        return value
      }
      #expect(values == Array(repeating: 3, count: 10))
      #expect(order == Array(0..<10))
    }
  }

  @Test func `one of several waiting tasks is cancelled and the others get the value`() async throws {
    try await runOnLoop {
      let task = spawn {
        try await sleep(for: .seconds(1))
        return 3
      }
      let waiting = spawn(over: 0..<3) { _ in try await task.value }
      await yield()
      await yield()
      waiting[1].cancel()
      await #expect(throws: CancellationError.self) { try await waiting[1].value }
      let values = try await [waiting[0].value, waiting[2].value]
      #expect(values == [3, 3])
    }
  }

  @Test func `a value that is there is given also to a cancelled task`() async throws {
    try await runOnLoop {
      let done = spawn { 4 }
      _ = try await done.value
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        return try await done.value
      }
      let value = try await task.value
      #expect(value == 4)
    }
  }

  @Test func `a value that comes before a cancelled waiter has its turn is given to it`() async throws {
    try await runOnLoop {
      var waiting: TaskHandle<Int>?
      let deadline = EventLoop.current.now + .seconds(1)
      let canceller = spawn {
        try await sleep(until: deadline)
        // The awaited task is ready, and stands before the waiting one.
        waiting?.cancel()
      }
      let awaited = spawn {
        try await sleep(until: deadline)
        return 4
      }
      let task = spawn { try await awaited.value }
      waiting = task
      let value = try await task.value
      #expect(value == 4)
      try await canceller.value
    }
  }

  @Test func `isDone says whether the task has ended`() async throws {
    try await runOnLoop {
      let task = spawn { await yield() }
      #expect(!task.isDone)
      await yield()
      #expect(!task.isDone)
      try await task.value
      #expect(task.isDone)
    }
  }

  @Test func `a handle knows its task's name`() async throws {
    try await runOnLoop {
      let (named, nameless) = (spawn(name: "clerk") {}, spawn {})
      #expect(named.name == "clerk")
      #expect(nameless.name == nil)
      try await named.value
      try await nameless.value
    }
  }

  @Test func `dropping the handle changes nothing`() async throws {
    try await runOnLoop {
      var isOver = false
      spawn {
        try await sleep(for: .seconds(1))
        isOver = true
      }
      try await sleep(for: .seconds(2))
      #expect(isOver)
    }
  }

  @Test func `what a task holds goes when it ends, also if the handle stays`() async throws {
    try await runOnLoop {
      weak var held: Held?
      let task: TaskHandle<Void>
      do {
        let object = Held()
        held = object
        task = spawn {
          await yield()
          _ = object
        }
      }
      #expect(held != nil)
      try await task.value
      await yield()
      #expect(held == nil)
      #expect(task.isDone)
    }
  }

  @Test func `the last copy of a handle may go on another thread, while the loop runs`() async throws {
    try await runOnLoop {
      let kept = CallCounter()
      for _ in 0..<100 {
        var task: TaskHandle<Void>? = spawn { await yield() }
        // Awaited, so that it has had a queue of waiters.
        try await task?.value
        let gate = Gate()
        try ThreadPool.shared.submit { [task] in
          gate.wait()
          kept.add(task?.name == nil ? 1 : 0)
        }
        task = nil
        gate.open()
        await yield()
      }
      while kept.value < 100 { await yield() }
    }
  }

  @Test func `tasks spawn tasks, a hundred deep`() async throws {
    try await runOnLoop {
      let depth = try await SpawnTests.descend(100)
      #expect(depth == 100)
    }
  }

  private static func descend(_ levels: Int) async throws -> Int {
    guard levels > 0 else { return 0 }
    return try await spawn { try await descend(levels - 1) }.value + 1
  }
}

private final class Held {}
