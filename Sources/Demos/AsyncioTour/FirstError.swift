import EpollLoop

private struct Failed: Error {
  let job: Int
}

/// Waits until one of several fails, starts that one again, and waits on: none of the others is disturbed.
func resubmitFailed(_ story: Story) async throws {
  story.chapter("6 jobs, of which jobs 1 and 4 fail at first")
  var starts = [Int](repeating: 0, count: 6)
  func start(_ job: Int, isolation: isolated (any Actor)? = #isolation) -> TaskHandle<Int> {
    spawn(name: "job \(job)") {
      starts[job] += 1
      try await sleep(for: story.unit * (1 + job))
      if job % 3 == 1, starts[job] == 1 { throw Failed(job: job) }
      return job
    }
  }

  var results: [Int] = []
  var running: [TaskHandle<Int>] = []
  for job in 0..<6 { running.append(start(job)) }
  while !running.isEmpty {
    let (done, pending) = try await wait(for: running, until: .firstError)
    running = pending
    for task in done {
      do {
        results.append(try await task.value)
      } catch let failure as Failed {
        story.say("job \(failure.job) has failed and starts again; \(pending.count) more go on")
        running.append(start(failure.job))
      }
    }
  }
  story.say("results: \(results)")
  story.check(results.sorted() == Array(0..<6), "each job succeeds in the end")
  story.check(starts == [1, 2, 1, 1, 2, 1], "only what has failed is started again")
}
