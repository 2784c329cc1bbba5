import EpollLoop

/// A server that is busy twice, then too slow once, then answers.
private struct Busy: Error {}

/// Tries until it works: with growing waits, a limit on each attempt, and a word before each wait.
func retryUntilItWorks(_ story: Story) async throws {
  story.chapter("busy, busy, too slow, and then an answer")
  var failures: [String] = []
  let answer = try await retry(
    attempts: 5, wait: .exponential(from: story.unit), attemptLimit: story.unit * 10,
    beforeWait: { attempt, error, wait in
      failures.append("\(type(of: error))")
      story.say("attempt \(attempt): \(error); the next one in \(wait)")
    },
    { attempt in
      switch attempt {
      case 1, 2: throw Busy()
      case 3: try await sleep(for: .seconds(3600))
      default: break
      }
      return "attempt \(attempt): an answer"
    })
  story.say(answer)
  story.check(answer == "attempt 4: an answer", "the first value is returned")
  story.check(failures == ["Busy", "Busy", "TimeoutError"], "errors and limits on time lead to the next attempt")
  story.check(story.elapsed >= story.unit * 17, "all waits are kept")

  story.chapter("it never works")
  do {
    try await retry(attempts: 3, wait: .exponential(from: story.unit)) { _ in throw Busy() }
    story.check(false, "no success comes of failures alone")
  } catch let error as RetryError {
    story.say("\(error)")
    story.check(error.attempts == 3, "as many attempts are made as were allowed")
    story.check(error.lastError is Busy, "the last error is not lost")
  }
}
