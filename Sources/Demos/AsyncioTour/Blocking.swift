import EpollLoop
import Glibc

/// What every newcomer does once: a call that blocks the thread blocks all tasks. On a thread of a pool it does not.
func block(_ story: Story) async throws {
  var beats = 0
  let heart = spawn(name: "heart") {
    for try await _ in every(story.unit, missed: .skip) {
      beats += 1
      story.say("beat \(beats)")
    }
  }
  await yield()
  let microseconds = UInt32(story.unit * 5 / .microseconds(1))

  story.chapter("a blocking call in a task")
  usleep(microseconds)
  story.say("done, and \(beats) beats meanwhile")
  story.check(beats == 0, "nothing runs while a call blocks the thread")

  story.chapter("the same call, offloaded")
  _ = try await offload { usleep(microseconds) }
  // A beat that is due now has its turn.
  await yield()
  story.say("done, and \(beats) beats meanwhile")
  story.check(beats > 0, "others run while an offloaded call blocks its own thread")

  heart.cancel()
}
