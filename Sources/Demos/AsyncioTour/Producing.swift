import EpollLoop

/// One produces, three consume: the queue's capacity holds the producer back, and `join` says when all is done.
func produceAndConsume(_ story: Story) async throws {
  story.chapter("20 items, a queue of 5, 3 consumers")
  let queue = Queue<Int>(capacity: 5)
  var consumed: [Int] = []
  var longest = 0
  let consumers = spawn(over: 0..<3) { _ in
    while true {
      let item = try await queue.get()
      try await sleep(for: story.unit / 2)
      consumed.append(item)
      queue.taskDone()
    }
  }
  for item in 0..<20 {
    try await queue.put(item)
    longest = max(longest, queue.count)
  }
  story.say("all are produced, and \(consumed.count) consumed; at most \(longest) stood in the queue")
  try await queue.join()
  story.say("all are consumed")
  for consumer in consumers { consumer.cancel() }
  story.check(consumed == Array(0..<20), "each item is consumed once, in order")
  story.check(longest <= 5, "never more than its capacity stands in the queue")
}
