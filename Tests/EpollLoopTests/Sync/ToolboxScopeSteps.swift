@testable import EpollLoop

/// What the tasks of a random program do with scopes.
extension ToolboxProgram {
  func openScope(_ seeds: [UInt64], _ limit: Int, _ place: ToolboxPlace) async throws {
    let group = ToolboxGroup(ledger)
    var isCancelledByBody = false
    var tasks: [TaskHandle<Int>] = []
    let result = await outcome {
      try await withTaskScope(limit: limit, onLaterError: { _ in self.ledger.note(.scope, 1) }) { scope in
        for seed in seeds {
          if seed % 3 == 0 {
            await self.startOne(seed, in: scope, group, place)
          } else {
            tasks.append(
              scope.spawn {
                defer { group.checkCancelled(.scope, after: group.broken.count > 1) }
                return try await self.body(seed, place, in: group)
              })
          }
        }
        var random = Shuffle(seed: seeds[0])
        if seeds[0] % 4 == 1 {
          try await self.pause(&random)
          // It may have its place by now, and not have started.
          tasks.randomElement(using: &random)?.cancel()
        }
        if seeds[0] % 5 == 0 {
          try await self.pause(&random)
          isCancelledByBody = true
          scope.cancel()
        }
        return seeds.count
      }
    }
    group.check(.scope, limit: limit)
    var expected = result
    if let broken = group.broken.first { expected = .failure(broken) }
    if group.broken.first == nil, result.error != nil {
      ledger.check(Task.isCancelled || isCancelledByBody, "a scope was cancelled by nobody")
    }
    try group.settle(.scope, result, expected: expected)
  }

  /// Starts a task that says when it is ready, or fails to.
  private func startOne(_ seed: UInt64, in scope: TaskScope, _ group: ToolboxGroup, _ place: ToolboxPlace) async {
    var saidAt: Instant?
    let result = await outcome {
      let value: Int = try await scope.start { ready in
        var random = Shuffle(seed: seed)
        try await self.pause(&random)
        guard seed % 7 > 0 else { return }
        saidAt = EventLoop.current.now
        ready(Self.value(of: seed))
        _ = try await self.body(seed, place, in: group)
      }
      return value
    }
    switch result {
    case .success(let value):
      ledger.check(value == Self.value(of: seed) && saidAt == EventLoop.current.now, "a task is ready late")
      ledger.note(.start, 0, value)
    case .failure(is NotReadyError):
      ledger.check(saidAt == nil && seed % 7 == 0, "a task was ready after all")
      ledger.note(.start, 1)
    case .failure(let error):
      ledger.check(error is CancellationError || error is ToolboxBroken, "a start came to \(error)")
      ledger.note(.start, 2)
    }
  }
}
