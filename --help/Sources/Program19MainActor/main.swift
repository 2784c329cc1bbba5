import EpollLoop

struct Busy: Error {}

func fetch(_ page: Int, attempt: Int) async throws -> Int {
  try await sleep(for: .milliseconds(10))
  if page % 3 == 0, attempt < 3 { throw Busy() }
  return page * page
}

try EventLoop.run {
  let sum = try await withProgress("fetching", total: 100, unit: "pages") { bar in
    let pages = try await gather(over: 1...100, limit: 10) { page in
      let value = try await retry(attempts: 5, wait: .exponential().jittered(.full), within: .seconds(10)) {
        try await fetch(page, attempt: $0)
      }
      bar.advance()
      return value
    }
    return pages.reduce(0, +)
  }
  print(sum)
}
