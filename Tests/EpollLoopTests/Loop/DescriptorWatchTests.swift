import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

@Suite struct DescriptorWatchTests {
  @Test func `a watch calls back until all has been read, once a tick`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let pipe = Pipe()
      var polls: [Int] = []
      let watch = try loop.watch(
        pipe.reading,
        onReadable: {
          polls.append(loop.statistics.polls)
          pipe.take()
        })
      pipe.put(3)
      try await sleep(for: .milliseconds(1))
      #expect(polls.count == 3)
      #expect(Set(polls).count == 3)
      pipe.put(1)
      try await sleep(for: .milliseconds(1))
      #expect(polls.count == 4)
      watch.cancel()
    }
  }

  @Test func `a watch that takes nothing is called again, and starves no timer`() async throws {
    try await runOnLoop(clock: .kernel) {
      let pipe = Pipe()
      var calls = 0
      let watch = try EventLoop.current.watch(pipe.reading, onReadable: { calls += 1 })
      pipe.put()
      // Each time the timer comes, and on a busy machine perhaps with the first call.
      while calls < 2 { try await sleep(for: .milliseconds(1)) }
      watch.cancel()
    }
  }

  @Test func `a writable descriptor calls back, one that is full does not`() async throws {
    try await runOnLoop {
      let pipe = Pipe()
      var calls = 0
      let watch = try EventLoop.current.watch(
        pipe.writing,
        onWritable: {
          calls += 1
          while pipe.put(4096) > 0 {}
        })
      try await sleep(for: .milliseconds(1))
      #expect(calls == 1)
      while pipe.take(4096) > 0 {}
      try await sleep(for: .milliseconds(1))
      #expect(calls == 2)
      watch.cancel()
    }
  }

  @Test func `both directions of a socket are watched at once`() async throws {
    try await runOnLoop {
      let pair = try Socket.pair()
      var (readable, writable) = (0, 0)
      let watch = try EventLoop.current.watch(
        pair.0,
        onReadable: {
          readable += 1
          var byte: UInt8 = 0
          _ = read(pair.0, &byte, 1)
        }, onWritable: { writable += 1 })
      for _ in 0..<10 { await yield() }
      #expect(readable == 0)
      _ = write(pair.1, [1], 1)
      while readable == 0 { await yield() }
      #expect(writable > 0)
      watch.cancel()
      close(pair.0)
      close(pair.1)
    }
  }

  @Test func `the end of the stream counts as readable`() async throws {
    try await runOnLoop {
      // The end of a direction comes at once, where a close may wait for a process that another test starts.
      let pair = try Socket.pair()
      let one = FileDescriptor(owning: pair.0)
      let other = FileDescriptor(owning: pair.1)
      var ends = 0
      var watches: [DescriptorWatch] = []
      watches.append(
        try EventLoop.current.watch(
          one.number,
          onReadable: {
            var byte: UInt8 = 0
            if recv(one.number, &byte, 1, 0) == 0 { ends += 1 }
            watches[0].cancel()
          }))
      try Socket(fd: other.number).shutDown(.writing)
      try await sleep(for: .milliseconds(1))
      #expect(ends == 1)
    }
  }

  @Test func `a cancelled watch leaves nothing, and cancelling twice does nothing`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let pipe = Pipe()
      let watch = try loop.watch(pipe.reading, onReadable: { Issue.record("it was cancelled") })
      #expect(loop.census.registrations == 1)
      watch.cancel()
      watch.cancel()
      #expect(loop.census.registrations == 0)
      #expect(loop.census.waiters == 0)
      pipe.put()
      try await sleep(for: .milliseconds(1))
    }
  }

  @Test func `a watch can be cancelled in its own callback`() async throws {
    try await runOnLoop {
      let pipe = Pipe()
      var watches: [DescriptorWatch] = []
      var calls = 0
      watches.append(
        try EventLoop.current.watch(
          pipe.reading,
          onReadable: {
            calls += 1
            watches[0].cancel()
            watches[0].cancel()
          }))
      pipe.put(5)
      try await sleep(for: .milliseconds(1))
      #expect(calls == 1)
    }
  }

  @Test func `a watch that is cancelled while its callback is ready is not called`() async throws {
    try await runOnLoop {
      let (one, other) = (Pipe(), Pipe())
      var watches: [DescriptorWatch] = []
      var calls = 0
      for pipe in [one, other] {
        watches.append(
          try EventLoop.current.watch(
            pipe.reading,
            onReadable: {
              calls += 1
              for watch in watches { watch.cancel() }
            }))
        pipe.put()
      }
      try await sleep(for: .milliseconds(1))
      #expect(calls == 1)
    }
  }

  @Test func `a watch of the other direction that is cancelled while it is ready is not called`() async throws {
    try await runOnLoop {
      let pair = try Socket.pair()
      var watches: [DescriptorWatch] = []
      var calls = 0
      _ = write(pair.1, [1], 1)
      let call = {
        calls += 1
        watches[0].cancel()
      }
      watches.append(try EventLoop.current.watch(pair.0, onReadable: call, onWritable: call))
      try await sleep(for: .milliseconds(1))
      #expect(calls == 1)
      close(pair.0)
      close(pair.1)
    }
  }

  @Test func `a regular file is refused with its reason`() async throws {
    try await runOnLoop {
      let file = FileDescriptor(owning: open("/proc/self/exe", O_RDONLY | O_CLOEXEC))
      let number = file.number
      #expect(
        throws: IOError(
          .watch, .notPermitted, "descriptor \(number) is a regular file, which is always ready")
      ) { try watchIn(EventLoop.current, number) }
      #expect(EventLoop.current.census == LoopCensus(tasks: 1, waiters: 0, timers: 0, registrations: 0))
    }
  }

  @Test func `a closed descriptor and a second watch are refused`() async throws {
    try await runOnLoop {
      let loop = EventLoop.current
      let pipe = Pipe()
      #expect(throws: IOError(.watch, .badFileDescriptor, "descriptor -1")) {
        try watchIn(loop, -1)
      }
      let watch = try loop.watch(pipe.reading, onReadable: {})
      #expect(throws: IOError.self) { try watchIn(loop, pipe.reading) }
      watch.cancel()
      try loop.watch(pipe.reading, onReadable: {}).cancel()
    }
  }

  @Test func `a watch without a callback traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop { _ = try EventLoop.current.watch(0) }
    }
  }
}

/// Watches a descriptor as the loop's actor does, in a closure that knows of none.
private func watchIn(_ loop: EventLoop, _ fd: Int32) throws {
  _ = try loop.actor.assumeIsolated { actor in try loop.watch(fd, isolation: actor, onReadable: {}) }
}
