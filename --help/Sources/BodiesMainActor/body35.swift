import EpollLoop

@MainActor func body35() throws {
try EventLoop.run {
let loop = EventLoop.current
let reader = spawn(name: "reader") { try await sleep(for: .seconds(3600)) }
try loop.printTasks(on: .user1)
loop.reportSlowTasks(over: .milliseconds(100))
await yield()
for task in loop.tasks where task.name == "reader" {
  if case .waiting(let what, _) = task.state { print(what) }  // sleep
}
reader.cancel()
}
}
