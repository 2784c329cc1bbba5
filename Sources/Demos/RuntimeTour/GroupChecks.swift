@MainActor let groupChecks: [RuntimeTour.Check] = [
  (
    "group-sum", "5050",
    {
      await withTaskGroup(of: Int.self) { group in
        for number in 1...100 { group.addTask { number } }
        var sum = 0
        for await number in group { sum += number }
        return "\(sum)"
      }
    }
  ),
  (
    "group-next", "1 2 nil true",
    {
      await withTaskGroup(of: Int.self) { group in
        var seen: [String] = []
        for number in 1...2 {
          group.addTask { number }
          seen.append("\(await group.next() ?? -1)")
        }
        let last = await group.next().map { "\($0)" } ?? "nil"
        return "\(seen.joined(separator: " ")) \(last) \(group.isEmpty)"
      }
    }
  ),
  (
    "group-completion-order", "3 2 1",
    {
      await withTaskGroup(of: Int.self) { group in
        for number in 1...3 {
          group.addTask {
            try? await Task.sleep(for: .milliseconds(80 - 20 * number))
            return number
          }
        }
        var seen: [String] = []
        for await number in group { seen.append("\(number)") }
        return seen.joined(separator: " ")
      }
    }
  ),
  (
    "group-cancel", "true false 2",
    {
      await withTaskGroup(of: Bool.self) { group in
        for _ in 0..<2 {
          group.addTask {
            try? await Task.sleep(for: .seconds(3600))
            return Task.isCancelled
          }
        }
        group.cancelAll()
        let isAdded = group.addTaskUnlessCancelled { false }
        var count = 0
        for await isCancelled in group where isCancelled { count += 1 }
        return "\(group.isCancelled) \(isAdded) \(count)"
      }
    }
  ),
  (
    "group-error", "failure 4 cancelled",
    {
      let log = Log()
      let error = await thrown {
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask {
            try? await Task.sleep(for: .seconds(3600))
            if Task.isCancelled { await log.add("cancelled") }
          }
          group.addTask { throw Failure(number: 4) }
          try await group.next()
        }
      }
      return "\(error) \(await log.text)"
    }
  ),
  (
    "group-result", "failure 5",
    {
      await withThrowingTaskGroup(of: Int.self) { group in
        group.addTask { throw Failure(number: 5) }
        switch await group.nextResult() {
        case .failure(let error): return "\(error)"
        case .success(let value): return "\(value)"
        case nil: return "nil"
        }
      }
    }
  ),
  (
    "discarding-group", "failure 6 1000",
    {
      let log = Log()
      await withDiscardingTaskGroup { group in
        for _ in 0..<1000 { group.addTask { await log.add(".") } }
      }
      let error = await thrown {
        try await withThrowingDiscardingTaskGroup { group in
          group.addTask { throw Failure(number: 6) }
          group.addTask { try await Task.sleep(for: .seconds(3600)) }
        }
      }
      return "\(error) \(await log.words.count)"
    }
  ),
  (
    "group-priority", "true",
    {
      await Task.detached(priority: .high) {
        await withTaskGroup(of: TaskPriority.self) { group in
          group.addTask { Task.currentPriority }
          return "\(await group.next() == .high)"
        }
      }.value
    }
  ),
]
