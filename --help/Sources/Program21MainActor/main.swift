import EpollLoop
import Glibc

try EventLoop.run {
  let loop = EventLoop.current
  loop.soon { print("after all that is ready now") }
  loop.schedule(after: .milliseconds(30)) { print("once, never early") }
  let ticker = loop.schedule(every: .milliseconds(10), missed: .skip) { print("tick") }
  let timeout = loop.schedule(after: .seconds(5)) { print("five seconds of silence") }
  timeout.reschedule(after: .seconds(5))   // again from now; also in its own call; no allocation
  defer { timeout.cancel() }

  // Called as long as there is something to read; standard input must be a terminal or a pipe.
  let input = try loop.watch(0, onReadable: {
    var bytes = [UInt8](repeating: 0, count: 1024)
    print("\(read(0, &bytes, bytes.count)) bytes of input")
  })

  // From any thread, as Scheduled.cancel() and TaskHandle.cancel(); everything else belongs to the loop's own.
  try loop.execute { print("submitted") }

  try await sleep(for: .milliseconds(55))
  ticker.cancel()
  input.cancel()
}
