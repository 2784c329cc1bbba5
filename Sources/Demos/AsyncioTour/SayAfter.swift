import EpollLoop

/// The first example of asyncio's documentation: two waits in a row take their sum, and at once the longer one.
func sayAfter(_ story: Story) async throws {
  var said: [String] = []
  func say(_ word: String, after delay: Duration) async throws {
    said.append("(\(word)")
    try await sleep(for: delay)
    story.say(word)
    said.append("\(word))")
  }

  story.chapter("one after the other")
  try await say("hello", after: story.unit)
  try await say("world", after: story.unit * 2)
  story.check(said == ["(hello", "hello)", "(world", "world)"], "one begins when the other has ended")
  story.check(story.elapsed >= story.unit * 3, "two waits in a row take their sum")

  said = []
  story.chapter("both at once")
  let (_, _) = try await gather(
    { try await say("hello", after: story.unit) },
    { try await say("world", after: story.unit * 2) })
  story.check(said == ["(hello", "(world", "hello)", "world)"], "both begin, then the shorter one ends first")
  story.check(story.elapsed >= story.unit * 2, "nothing is early")
}
