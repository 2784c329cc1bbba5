import EpollLoop

@MainActor func body9() throws {
try EventLoop.run {
let jobs = Queue<Int>(capacity: 2)
var results: [Int] = []
let workers = (0..<3).map { _ in
  spawn {
    for try await job in jobs {
      results.append(job * job)
      jobs.taskDone()
    }
  }
}
for job in 1...5 { try await jobs.put(job) }
try await jobs.join()
jobs.shutdown()
for worker in workers { try await worker.value }
print(results.sorted())  // [1, 4, 9, 16, 25]

let urgent = Queue<Int>(order: .priority)
for number in [3, 1, 2] { try await urgent.put(number) }
print(try await urgent.get())  // 1
}
}
