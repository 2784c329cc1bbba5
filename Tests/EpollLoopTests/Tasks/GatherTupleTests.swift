import EpollLoop
import EpollLoopTesting
import Testing

/// The forms of `gather` for tuples: two to four operations have forms of their own, more share one.
@Suite struct GatherTupleTests {
  @Test func `two to five values of any kind stand in their order`() async throws {
    try await runOnLoop {
      let two = try await gather(after(2, 1), after(1, "b"))
      #expect(two == (1, "b"))
      let three = try await gather(after(3, 1), after(2, "b"), after(1, 2.5))
      #expect(three == (1, "b", 2.5))
      let four = try await gather(after(4, 1), after(3, "b"), after(2, 2.5), after(1, true))
      #expect(four == (1, "b", 2.5, true))
      let five = try await gather(after(5, 1), after(4, "b"), after(3, 2.5), after(2, true), after(1, [1, 2]))
      #expect(five.0 == 1 && five.1 == "b" && five.2 == 2.5 && five.3 && five.4 == [1, 2])
    }
  }

  @Test func `values of many operations keep their types`() async throws {
    try await runOnLoop {
      let mark = Mark()
      let values = try await gather(
        { () }, { Int?.none }, { mark }, { 7 as Any }, { Broken(number: 1) as any Error }, { { 8 } as () -> Int },
        { (1, "two") })
      #expect(values.1 == nil)
      #expect(values.2 === mark)
      #expect(values.3 as? Int == 7)
      #expect(values.4 as? Broken == Broken(number: 1))
      #expect(values.5() == 8)
      #expect(values.6 == (1, "two"))
    }
  }

  @Test(arguments: 2...5) func `the first error cancels the others`(count: Int) async throws {
    try await runOnLoop {
      var cancelled = 0
      func waiting() async throws -> Int {
        do { try await waitForever() } catch { cancelled += 1 }
        return 0
      }
      await #expect(throws: Broken(number: 1)) {
        switch count {
        case 2: _ = try await gather(waiting, fail)
        case 3: _ = try await gather(waiting, waiting, fail)
        case 4: _ = try await gather(waiting, waiting, waiting, fail)
        default: _ = try await gather(waiting, waiting, waiting, waiting, fail)
        }
      }
      #expect(cancelled == count - 1)
    }
  }

  @Test(arguments: 2...5) func `a cancelled gather cancels all`(count: Int) async throws {
    try await runOnLoop {
      var cancelled = 0
      func waiting() async throws {
        do {
          try await waitForever()
        } catch {
          cancelled += 1
          throw error
        }
      }
      let task = spawn {
        switch count {
        case 2: _ = try await gather(waiting, waiting)
        case 3: _ = try await gather(waiting, waiting, waiting)
        case 4: _ = try await gather(waiting, waiting, waiting, waiting)
        default: _ = try await gather(waiting, waiting, waiting, waiting, waiting)
        }
      }
      try await sleep(for: .seconds(1))
      task.cancel()
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(cancelled == count)
    }
  }

  @Test func `outcomes of many operations stand in their order`() async throws {
    try await runOnLoop {
      let outcomes = await gatherSettled(after(2, 1), fail, after(1, "c"))
      let (first, third) = (try outcomes.0.get(), try outcomes.2.get())
      #expect(first == 1 && third == "c")
      #expect(throws: Broken(number: 1)) { try outcomes.1.get() }
    }
  }
}

/// An operation that returns a value after some seconds.
private func after<Value>(_ seconds: Int, _ value: Value) -> () async throws -> Value {
  {
    try await sleep(for: .seconds(seconds))
    return value
  }
}

private func fail() async throws -> Int { throw Broken(number: 1) }

private final class Mark {}
