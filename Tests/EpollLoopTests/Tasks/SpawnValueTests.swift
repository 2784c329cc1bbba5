import EpollLoop
import EpollLoopTesting
import Testing

/// A task's value comes back as it was, whatever its type: the task keeps it without one.
@Suite struct SpawnValueTests {
  private struct Pair: Equatable {
    var first: UInt8
    var second: String
  }

  private enum Choice: Equatable {
    case nothing
    case number(Int)
    case texts([String])
  }

  private final class Thing {}

  /// Through the same way, but in generic code that knows nothing of the type.
  private func passed<Value>(_ value: Value) async throws -> Value {
    let task = spawn { value }
    let others = try await gather(over: [value]) { $0 }
    #expect(others.count == 1)
    let first = try await task.value
    // A second look finds it still there.
    _ = try await task.value
    return first
  }

  private func check<Value: Equatable>(_ value: Value) async throws {
    let task = spawn { value }
    #expect(try await task.value == value)
    #expect(try await passed(value) == value)
    #expect(try await passed(Optional(value)) == value)
    #expect(try await passed(Value?.none) == nil)
  }

  @Test func `values of a word and less come back`() async throws {
    try await runOnLoop {
      try await check(Int.min)
      try await check(UInt64.max)
      try await check(-1.5)
      try await check(true)
      try await check(7 as UInt8)
      try await check(Character("x"))
      try await spawn {}.value
    }
  }

  @Test func `larger values, and those that hold others, come back`() async throws {
    try await runOnLoop {
      try await check("a text that does not fit into a word or two")
      try await check([1, 2, 3])
      try await check(Pair(first: 1, second: "two"))
      try await check(Choice.texts(["a", "b"]))
      try await check(Choice.nothing)
      try await check(SIMD8<Double>(repeating: 0.5))
      let tuple = try await spawn { (1, "two", 3.0, [4]) }.value
      #expect(tuple == (1, "two", 3.0, [4]))
    }
  }

  @Test func `existentials, functions and types come back`() async throws {
    try await runOnLoop {
      let any: Any = try await passed(5 as Any)
      #expect(any as? Int == 5)
      let none: Any? = try await passed(Any?.none)
      #expect(none == nil)
      let error: any Error = try await passed(Broken(number: 3) as any Error)
      #expect(error as? Broken == Broken(number: 3))
      var count = 0
      let function = try await passed({ count += 1 } as () -> Void)
      function()
      try await spawn { { count += 1 } as () -> Void }.value()
      #expect(count == 2)
      #expect(try await passed(Int.self as Any.Type) == Int.self)
    }
  }

  @Test func `an object lives as long as the handle of the task that returned it`() async throws {
    try await runOnLoop {
      weak var thing: Thing?
      var task: TaskHandle<Thing>? = spawn {
        let made = Thing()
        thing = made
        return made
      }
      let same = try await task?.value === thing
      #expect(same && thing != nil)
      task = nil
      await yield()
      #expect(thing == nil)
    }
  }
}
