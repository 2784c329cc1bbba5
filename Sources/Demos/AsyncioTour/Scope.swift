import EpollLoop

private struct Failed: Error {}

/// Three children of one scope, and one of them fails: the others are cancelled, and nobody is left behind.
func failInScope(_ story: Story) async throws {
  var ends: [String] = []
  func work(_ name: String, _ units: Int) async throws {
    do {
      try await sleep(for: story.unit * units)
      ends.append("\(name) done")
    } catch {
      ends.append("\(name) cancelled")
      story.say("\(name) is cancelled")
      throw error
    }
  }

  story.chapter("the second of three fails")
  do {
    try await withTaskScope { scope in
      scope.spawn { try await work("first", 1) }
      scope.spawn {
        try await sleep(for: story.unit * 2)
        story.say("second fails")
        throw Failed()
      }
      scope.spawn { try await work("third", 1000) }
    }
    story.check(false, "an error of a child ends the scope")
  } catch is Failed {
    story.say("the scope has ended with the second one's error")
  }
  story.check(ends == ["first done", "third cancelled"], "all children have ended when the scope has")
}
