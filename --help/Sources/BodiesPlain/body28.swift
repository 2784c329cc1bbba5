import EpollLoop

@MainActor func body28() throws {
try EventLoop.run {
let winner = try await race(over: ["slow", "quick"]) { name in
  try await sleep(for: name == "slow" ? .seconds(3600) : .milliseconds(5))
  return name
}
print(winner)  // quick

struct Refused: Error {}
let mirror = try await race(over: ["broken", "good", "spare"], staggeredBy: .milliseconds(250)) { name in
  if name == "broken" { throw Refused() }
  return name
}
print(mirror)  // good
}
}
