import EpollLoop
import EpollLoopTesting
import Testing

/// What becomes of errors after the first one.
@Suite struct TaskScopeErrorTests {
  @Test func `later errors go to who asked for them, in their order, cancellation left out`() async throws {
    try await runOnLoop {
      var later: [Int] = []
      await #expect(throws: Broken(number: 0)) {
        try await withTaskScope(onLaterError: { later.append(($0 as? Broken)?.number ?? -1) }) { scope in
          for number in 1...3 {
            scope.spawn {
              do { try await waitForever() } catch {
                if number == 2 { throw error }
                throw Broken(number: number)
              }
            }
          }
          scope.spawn { throw Broken(number: 0) }
          do { try await waitForever() } catch { throw Broken(number: 4) }
        }
      }
      #expect(later.sorted() == [1, 3, 4])
    }
  }

  @Test func `without who asked for them later errors go to standard error, each once`() async throws {
    let result = try await #require(processExitsWith: .success, observing: [\.standardErrorContent]) {
      try await runOnLoop(allowsUnawaitedErrors: true) {
        await #expect(throws: Broken(number: 1)) {
          try await withTaskScope { scope in
            let task = scope.spawn(name: "first") {
              await yield()
              throw Broken(number: 1)
            }
            scope.spawn(name: "on") { try await task.value }
            scope.spawn(name: "later") { do { try await waitForever() } catch { throw Broken(number: 2) } }
            let awaited = scope.spawn { do { try await waitForever() } catch { throw Broken(number: 3) } }
            scope.spawn { try await shield { _ = await errorOf { try await awaited.value } } }
            try await task.value
          }
        }
        await #expect(throws: Broken(number: 1)) {
          try await withTaskScope { scope in
            scope.spawn { throw Broken(number: 1) }
            do { try await waitForever() } catch { throw Broken(number: 4) }
          }
        }
      }
    }
    let reports = String(decoding: result.standardErrorContent, as: UTF8.self).split(separator: "\n")
      .filter { $0.hasPrefix("EpollLoop:") }.map { String($0.replacing(/\ \(.*:\d+\)/, with: "")) }
    #expect(
      reports == [
        "EpollLoop: task 'later' failed and was not awaited: Broken(number: 2)",
        "EpollLoop: the body of a scope failed and was not awaited: Broken(number: 4)",
      ])
  }

  @Test func `an error that the body throws on from a task is told of once`() async throws {
    try await runOnLoop {
      var later: [Int] = []
      await #expect(throws: Broken(number: 1)) {
        try await withTaskScope(onLaterError: { later.append(($0 as? Broken)?.number ?? -1) }) { scope in
          let task = scope.spawn {
            await yield()
            throw Broken(number: 1)
          }
          scope.spawn { try await task.value }
          try await task.value
        }
      }
      #expect(later == [])
    }
  }
}
