import EpollLoop
import Glibc

try EventLoop.run {
  // Both at once: 20 ms in all. An error of one would cancel the other.
  let (number, word) = try await gather(
    {
      try await sleep(for: .milliseconds(20))
      return 42
    },
    { "at once" })
  print(number, word)

  // At the deadline the body is cancelled, and its end awaited.
  do {
    try await withTimeout(.milliseconds(50)) { try await sleep(for: .seconds(3600)) }
  } catch let error as IOError where error.reason == .timedOut {
    print("too late")
  }

  // A blocking call on a pool's thread; the ticker goes on meanwhile.
  var ticks = 0
  let ticker = spawn(name: "ticker") { for try await _ in every(.milliseconds(1)) { ticks += 1 } }
  _ = try await offload { usleep(50_000) }
  ticker.cancel()
  print(ticks, "ticks meanwhile")
}
