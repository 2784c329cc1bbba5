import EpollLoop

@MainActor func body30() throws {
try EventLoop.run {
var ticks = 0
for try await _ in every(.milliseconds(2), missed: .skip) {
  ticks += 1
  if ticks == 5 { break }
}
print(ticks)  // 5
}
}
