import EpollLoop

extension Bench {
  /// What the tools for tasks cost for each child, compared with the same work written with `spawn` and `await`.
  ///
  /// The tools are public and generic, and this is a module of its own, as a user's is: a type's metadata that is looked
  /// up for each child costs time here, and none in the library's own module.
  func measureCost() async throws {
    for tool in Tool.allCases {
      let children = effort.size(200_000)
      let batches = max(1, children / tool.children)
      var (ours, control) = ([Double](), [Double]())
      for _ in 0..<effort.rounds {
        // Both in turns, a batch each: what disturbs the machine disturbs both.
        ours.append(try await measure(tool, batches, .ours))
        control.append(try await measure(tool, batches, .control))
      }
      report(tool.rawValue, ours, beside: control, tool.target)
    }
  }

  private func measure(_ tool: Tool, _ batches: Int, _ side: Trial.Side) async throws -> Double {
    let watch = Stopwatch.cpu()
    for _ in 0..<batches {
      let sum = try await side == .ours ? tool.sum() : tool.controlSum()
      try Violation.unless(sum == tool.expectedSum, "\(tool.rawValue): \(sum) in place of \(tool.expectedSum)")
    }
    return watch.each(of: batches * tool.children)
  }
}
