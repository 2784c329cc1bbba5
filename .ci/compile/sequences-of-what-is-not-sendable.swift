// compiles in plain, inherit, main, both
import EpollLoop

final class Line { var text = "" }

@MainActor func read(_ lines: Queue<Line>, _ more: Queue<Line>) async throws {
  for try await line in merge(lines, more) { line.text = "" }
  for try await line in lines.debounce(for: .seconds(1)) { line.text = "" }
  for try await line in lines.throttle(for: .seconds(1)) { line.text = "" }
  for try await line in lines.timeout(.seconds(1)) { line.text = "" }
  for try await batch in lines.chunks(ofCount: 2) { batch.first?.text = "" }
  var batches = lines.chunks(ofCount: 2, orAfter: .seconds(1)).makeAsyncIterator()
  while let batch = try await batches.next() { batch.first?.text = "" }
  let line = try await select(.get(from: lines) { $0 }, .get(from: more) { $0 })
  line.text = ""
}
