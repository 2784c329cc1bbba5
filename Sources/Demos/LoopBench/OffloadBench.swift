import EpollLoop

extension Bench {
  /// Calls on the thread pool: each goes there and comes back.
  func measureOffload() async throws {
    let (single, flights) = (effort.size(20_000), max(2, effort.size(200)))
    var (wall, cpu, manyWall, manyCPU) = ([Double](), [Double](), [Double](), [Double]())
    for _ in 0..<effort.rounds {
      let one = try await measure(1, single)
      wall.append(one.wall)
      cpu.append(one.cpu)
      let many = try await measure(1000, flights)
      manyWall.append(many.wall)
      manyCPU.append(many.cpu)
    }
    report("offload one no-op at a time, wall clock", wall, .atMost(25_000))
    report("offload one no-op at a time, CPU time", cpu, .none)
    report("offload with 1,000 in flight, wall clock", manyWall, .atMost(400))
    report("offload with 1,000 in flight, CPU time of all threads", manyCPU, .none)
  }

  /// So many tasks, each of which offloads so many calls, one after the other.
  private func measure(_ tasks: Int, _ turns: Int) async throws -> (wall: Double, cpu: Double) {
    let (wall, cpu) = (Stopwatch.wall(), Stopwatch.cpu())
    let sums = try await gather(over: 0..<tasks) { _ in
      var sum = 0
      for turn in 0..<turns { sum += try await offload { turn } }
      return sum
    }
    let figures = (wall.each(of: tasks * turns), cpu.each(of: tasks * turns))
    try Violation.unless(sums.allSatisfy { $0 == turns * (turns - 1) / 2 }, "an offloaded call's value was lost")
    return figures
  }
}
