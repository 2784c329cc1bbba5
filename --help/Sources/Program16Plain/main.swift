import EpollLoop

try EventLoop.run {
  var count = 0
  let counter = spawn(name: "counter") {
    for try await _ in every(.milliseconds(10)) { count += 1 }
  }
  try await sleep(for: .milliseconds(105))
  counter.cancel()
  print("counted to \(count)")
}
