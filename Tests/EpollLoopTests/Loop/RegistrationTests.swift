import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

@Suite struct RegistrationTests {
  /// A waiter of the reading direction that counts its wakes.
  private func awaitReading(_ registration: Registration, _ body: @escaping () -> Void) {
    registration.reading = .awaited(LoopCore.current.add(body))
  }

  /// Closes two descriptors in the handler of the first; what the new one with the second's number sees.
  private func recycle(keepsDuplicate: Bool) async throws -> (wakes: Int, stale: Int) {
    try await runOnLoop {
      let core = LoopCore.current
      let (first, second, spare) = (Pipe(), Pipe(), Pipe())
      // Numbers that no test beside this one is given meanwhile.
      let numbers = [first, second].map { fcntl($0.reading, F_DUPFD_CLOEXEC, 800) }
      let duplicate = keepsDuplicate ? dup(numbers[1]) : -1
      let registrations = try numbers.map { try core.register($0) }
      var wakes = 0
      var successors: [Registration] = []
      let handle = { (own: Int) in
        guard successors.isEmpty else { return }
        for registration in registrations { core.deregister(registration) }
        close(numbers[own])
        // The other one is closed, and an empty pipe gets its number, in one step: nobody else can take it.
        precondition(dup2(spare.reading, numbers[1 - own]) == numbers[1 - own])
        let successor = try core.register(numbers[1 - own])
        awaitReading(successor) { wakes += 1 }
        successors.append(successor)
      }
      for own in 0..<2 {
        awaitReading(registrations[own]) {
          do { try handle(own) } catch { Issue.record(error) }
        }
      }
      first.put()
      second.put()
      let before = core.statistics.staleEvents
      try await sleep(for: .milliseconds(1))
      for _ in 0..<10 { await yield() }
      try await sleep(for: .milliseconds(1))
      let stale = core.statistics.staleEvents - before
      for successor in successors {
        core.deregister(successor)
        close(successor.fd)
      }
      if duplicate >= 0 { close(duplicate) }
      await yield()
      withExtendedLifetime((first, second, spare)) {}
      return (wakes: wakes, stale: stale)
    }
  }

  @Test func `an event for a recycled descriptor number reaches nobody`() async throws {
    #expect(try await recycle(keepsDuplicate: false).wakes == 0)
  }

  @Test func `a duplicate of the closed descriptor that is alive wakes nobody`() async throws {
    let (wakes, stale) = try await recycle(keepsDuplicate: true)
    #expect(wakes == 0)
    // It was taken out of the poller before its close: the duplicate is not watched.
    #expect(stale == 0)
  }

  @Test func `an event with the token of an ended registration is counted and dropped`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let pipe = Pipe()
      let ended = try core.register(pipe.reading)
      core.deregister(ended)
      let successor = try core.register(pipe.reading)
      var wakes = 0
      awaitReading(successor) { wakes += 1 }
      // What an event that is already in the batch carries: the token of the past.
      try core.poller.modify(pipe.reading, for: .stream, token: ended.token)
      pipe.put()
      try await sleep(for: .milliseconds(1))
      #expect(core.statistics.staleEvents == 1)
      #expect(wakes == 0)
      core.deregister(successor)
      await yield()
    }
  }

  @Test(arguments: [Readiness.hungUp, .failed, [.hungUp, .failed]])
  func `a hang-up and an error wake both directions`(_ readiness: Readiness) async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let registration = Registration(fd: -1, token: 1)
      var woken: [String] = []
      registration.reading = .awaited(core.add { woken.append("reading") })
      registration.writing = .awaited(core.add { woken.append("writing") })
      registration.report(readiness, core)
      await yield()
      #expect(woken == ["reading", "writing"])
      #expect(!registration.trustsShortReads)
    }
  }

  @Test func `the end of the peer's direction wakes the reader alone`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let registration = Registration(fd: -1, token: 1)
      registration.writing = .idle
      registration.report(.readEnded, core)
      guard case .ready = registration.reading, case .idle = registration.writing else {
        Issue.record("reading \(registration.reading), writing \(registration.writing)")
        return
      }
    }
  }

  @Test func `what is reported without a waiter is remembered and wakes nobody`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let registration = Registration(fd: -1, token: 1)
      let ready = core.ready.count
      registration.report([.readable, .writable], core)
      #expect(core.ready.count == ready)
      guard case .ready = registration.reading, case .ready = registration.writing else {
        Issue.record("reading \(registration.reading), writing \(registration.writing)")
        return
      }
    }
  }

  @Test func `the end of a real connection wakes both directions`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let pair = try Socket.pair()
      let registration = try core.register(pair.0)
      try await sleep(for: .milliseconds(1))
      var woken = 0
      registration.reading = .awaited(core.add { woken += 1 })
      registration.writing = .awaited(core.add { woken += 1 })
      // A close would do, but for copies that processes which start at this moment hold until they exec.
      shutdown(pair.1, Int32(SHUT_RDWR))
      try await sleep(for: .milliseconds(1))
      #expect(woken == 2)
      core.deregister(registration)
      close(pair.0)
      close(pair.1)
    }
  }

  @Test func `deregister wakes both directions with closed, in order`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      let pipe = Pipe()
      let registration = try core.register(pipe.reading)
      var wakes: [String] = []
      spawn { wakes.append("reading \(await core.park(for: "test") { registration.reading = .awaited($0) })") }
      spawn { wakes.append("writing \(await core.park(for: "test") { registration.writing = .awaited($0) })") }
      await yield()
      core.deregister(registration)
      await yield()
      #expect(wakes == ["reading closed", "writing closed"])
    }
  }

  @Test func `a descriptor that cannot be registered leaves nothing behind`() async throws {
    try await runOnLoop {
      let core = LoopCore.current
      #expect(throws: Errno.badFileDescriptor) { try core.register(-1) }
      #expect(core.registrations.count == 0)
    }
  }

  @Test func `deregistering what was closed behind the loop's back traps`() async {
    await #expect(processExitsWith: .failure) {
      try await runOnLoop {
        let pipe = Pipe()
        let registration = try LoopCore.current.register(pipe.reading)
        pipe.closeReading()
        LoopCore.current.deregister(registration)
      }
    }
  }
}
