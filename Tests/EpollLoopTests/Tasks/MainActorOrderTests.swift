import EpollLoop
import Testing

/// On the main actor a task starts in its place: none hops elsewhere first. Each test is a process of its own.
@Suite struct MainActorOrderTests {
  @Test func `children of scopes, gathers and races start in the order in which they were spawned`() async {
    await #expect(processExitsWith: .success) {
      try takeProcessOver()
      try EventLoop.run {
        var order: [String] = []
        try await withTaskScope { scope in
          scope.spawn { order.append("scope") }
          let next = spawn { order.append("spawned after it") }
          _ = try await next.value
        }
        #expect(order == ["scope", "spawned after it"])
        order = []
        let racing = spawn { try await race({ order.append("first") }, { order.append("second") }) }
        try await racing.value
        #expect(order.first == "first")
      }
    }
  }

  @Test func `a child takes one turn, and its parent one for all`() async {
    await #expect(processExitsWith: .success) {
      try takeProcessOver()
      try EventLoop.run {
        let loop = EventLoop.current
        var sum = 0
        let count = 100
        var before = loop.statistics.turns
        _ = try await gather(over: 0..<count) { sum += $0 }
        #expect(loop.statistics.turns - before <= count + 2)
        before = loop.statistics.turns
        _ = await gatherSettled(over: 0..<count) { sum += $0 }
        #expect(loop.statistics.turns - before <= count + 2)
        before = loop.statistics.turns
        try await withTaskScope { scope in
          for number in 0..<count { scope.spawn { sum += number } }
        }
        #expect(loop.statistics.turns - before <= count + 4)
        before = loop.statistics.turns
        _ = try await gather({ sum += 1 }, { sum += 1 })
        #expect(loop.statistics.turns - before <= 4)
        before = loop.statistics.turns
        try await race(over: 0..<10, staggeredBy: .zero) { sum += $0 }
        #expect(loop.statistics.turns - before <= 24)
      }
    }
  }
}
