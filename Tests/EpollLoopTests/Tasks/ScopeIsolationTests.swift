import EpollLoop
import EpollLoopTesting
import Testing

/// Scopes, races and the like run where they are called, on plain local state or on an actor's.
@Suite struct ScopeIsolationTests {
  private final class Box {
    var count = 0
  }

  private func helper(_ scope: TaskScope, _ box: Box) async throws {
    scope.spawn { box.count += 1 }
    try await scope.start { (ready: ReadySignal<Void>) in
      box.count += 1
      ready()
    }
  }

  private func synchronousHelper(
    _ scope: TaskScope, _ box: Box, isolation: isolated (any Actor)? = #isolation
  ) -> TaskHandle<Void> {
    scope.spawn { box.count += 1 }
  }

  @Test func `a scope is passed to functions that start tasks in it`() async throws {
    try await runOnLoop {
      let box = Box()
      try await withTaskScope { scope in
        try await helper(scope, box)
        try await synchronousHelper(scope, box).value
        try await withTaskScope { inner in
          try await helper(inner, box)
          scope.spawn { box.count += 1 }
        }
      }
      #expect(box.count == 6)
    }
  }

  @Test func `nonisolated code shares its local state with all of them`() async throws {
    try await runOnLoop {
      var total = 0
      try await withTaskScope { scope in
        total += 1
        scope.spawn {
          await yield()
          total += 1
        }
        try await scope.start { (ready: ReadySignal<Void>) in
          total += 1
          ready()
        }
      }
      try await race({ total += 1 }, { try await waitForever() })
      try await race(staggeredBy: .seconds(1), { total += 1 })
      try await race(over: 0..<1, staggeredBy: .seconds(1)) { _ in total += 1 }
      try await shield { total += 1 }
      try await withAsCompleted(over: 0..<2) { _ in
        total += 1
      } body: { results in
        for try await _ in results { total += 1 }
      }
      _ = try await gather(over: 0..<1, progress: { total += $0.finished }) { _ in total += 1 }
      #expect(total == 13)
    }
  }

  @Test func `a global actor's function keeps all of it on the actor`() async throws {
    try await runOnLoop {
      let total = try await workAtBench()
      #expect(total == 9)
    }
  }

  @Test func `an actor's method keeps all of it on the actor`() async throws {
    try await runOnLoop {
      let total = try await Workshop().work()
      #expect(total == 9)
    }
  }
}

@globalActor private actor Bench {
  static let shared = Bench()
}

@Bench private func workAtBench() async throws -> Int {
  var total = 0
  func work() async {
    Bench.preconditionIsolated()
    await yield()
    Bench.preconditionIsolated()
    total += 1
  }
  try await withTaskScope(limit: 1) { scope in
    scope.spawn { await work() }
    scope.spawn { await work() }
    await work()
  }
  try await race({ await work() }, { try await waitForever() })
  try await shield { await work() }
  try await withAsCompleted(over: 0..<2) { _ in
    await work()
  } body: { results in
    for try await _ in results { await work() }
  }
  return total
}

private actor Workshop {
  private var total = 0

  private func step() async {
    await yield()
    preconditionIsolated()
    total += 1
  }

  func work() async throws -> Int {
    try await withTaskScope(limit: 1) { scope in
      scope.spawn { await self.step() }
      scope.spawn { await self.step() }
      await self.step()
    }
    try await race({ await self.step() }, { try await waitForever() })
    try await shield { await self.step() }
    try await withAsCompleted(over: 0..<2) { _ in
      await self.step()
    } body: { results in
      for try await _ in results { await self.step() }
    }
    return total
  }
}
