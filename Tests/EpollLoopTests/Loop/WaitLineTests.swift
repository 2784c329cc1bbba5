import EpollLoopTesting
import Testing

@testable import EpollLoop

@Suite struct WaitLineTests {
  @Test func `who came first is woken first, at its own seat`() async throws {
    try await runOnLoop {
      let line = WaitLine()
      var (seats, woken) = ([Int](), [Int]())
      for _ in 0..<5 {
        spawn {
          let seat = line.takeSeat()
          seats.append(seat)
          if try await line.wait(in: seat, for: "test") { woken.append(seat) }
        }
      }
      await yield()
      #expect(line.count == 5)
      #expect(Set(seats).count == 5)
      let wakes = (0..<6).map { _ in line.wakeFirst() }
      #expect(wakes == seats + [nil])
      await yield()
      #expect(woken == seats)
    }
  }

  @Test func `seats are used again`() async throws {
    try await runOnLoop {
      let line = WaitLine()
      for _ in 0..<100 {
        let task = spawn {
          let seat = line.takeSeat()
          _ = try await line.wait(in: seat, for: "test")
          return seat
        }
        await yield()
        line.wakeAll()
        let seat = try await task.value
        #expect(seat == 1)
      }
    }
  }

  @Test func `one that was cancelled does not count, is not woken, and leaves`() async throws {
    try await runOnLoop {
      let line = WaitLine()
      var ends: [String] = []
      let tasks = spawn(over: 0..<3) { number in
        do { ends.append("\(number) \(try await line.wait(for: "test"))") } catch {
          ends.append("\(number) \(error)")
        }
      }
      await yield()
      tasks[0].cancel()
      tasks[1].cancel()
      // Before they go on.
      #expect(line.count == 1)
      #expect(line.wakeFirst() != nil)
      #expect(line.wakeFirst() == nil)
      await yield()
      #expect(Set(ends) == ["0 CancellationError()", "1 CancellationError()", "2 true"])
      #expect(line.length == 0)
    }
  }

  @Test func `a task that is cancelled already does not stand in line`() async throws {
    try await runOnLoop {
      let line = WaitLine()
      let task = spawn {
        withUnsafeCurrentTask { $0?.cancel() }
        _ = try await line.wait(for: "test")
      }
      await #expect(throws: CancellationError.self) { try await task.value }
      #expect(line.length == 0)
      #expect(line.takeSeat() == 1)
    }
  }

  @Test func `those of one owner can be told alone that it is over`() async throws {
    try await runOnLoop {
      let line = WaitLine()
      var ends: [String] = []
      for number in 0..<6 {
        spawn {
          let isReady = try await line.wait(in: line.takeSeat(), for: "test", owner: number % 2)
          ends.append("\(number) \(isReady)")
        }
      }
      await yield()
      line.closeAll(of: 1)
      #expect(line.count == 3)
      await yield()
      #expect(ends == ["1 false", "3 false", "5 false"])
      line.wakeFirst().map { _ in line.closeAll() }
      await yield()
      #expect(ends.dropFirst(3) == ["0 true", "2 false", "4 false"])
    }
  }
}
