import CEpollShim
import Glibc
import Testing

@testable import EpollLoop

/// What becomes of signals when a source goes, or the process forks: each test in a process of its own.
@Suite struct SignalEndTests {
  @Test func `a signal that was not read meets the process's own handling`() async {
    await #expect(processExitsWith: .signal(SIGUSR1)) {
      unblock(.user1)
      var source: SignalSource? = try SignalSource([.user1])
      deliver(.user1)
      source = nil
      _ = source
    }
  }

  @Test func `a signal that one source has read is not sent again by the end of another`() async {
    await #expect(processExitsWith: .success) {
      let first = try SignalSource([.user1])
      var second: SignalSource? = try SignalSource([.user1])
      deliver(.user1)
      #expect(first.next() == .user1)
      second = nil
      #expect(first.next() == nil)
      _ = second
    }
  }

  @Test func `a signal that two sources hold unread stays with the one that is left`() async {
    await #expect(processExitsWith: .signal(SIGUSR1)) {
      unblock(.user1)
      var first: SignalSource? = try SignalSource([.user1])
      var second: SignalSource? = try SignalSource([.user1])
      deliver(.user1)
      first = nil
      second = nil
      _ = (first, second)
    }
  }

  @Test func `a signal that only an earlier source has got is sent on to a later one`() async {
    await #expect(processExitsWith: .success) {
      var first: SignalSource? = try SignalSource([.user1])
      deliver(.user1)
      let second = try SignalSource([.user1])
      #expect(second.next() == nil)
      first = nil
      // Another thread may handle it.
      var wanted = pollfd(fd: second.number, events: Int16(POLLIN), revents: 0)
      #expect(poll(&wanted, 1, 10_000) == 1)
      #expect(second.next() == .user1)
      _ = first
    }
  }

  @Test func `the process ends by a signal, though its thread blocks it and a source takes it`() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      let source = try SignalSource([.terminate])
      var mask = sigset_t()
      sigfillset(&mask)
      pthread_sigmask(SIG_BLOCK, &mask, nil)
      withExtendedLifetime(source) { Process.end(by: .terminate) }
    }
  }

  @Test(.disabled(if: isThreadSanitized, "it holds handlers back in a forked child"))
  func `a forked child's signal has the effect of before, and is not its parent's`() async {
    await #expect(processExitsWith: .success) {
      let source = try SignalSource([.user1])
      let child = try forkedChild {
        deliver(.user1)
        return 0
      }
      #expect(status(of: child) == SIGUSR1)
      #expect(source.next() == nil)
    }
  }

  @Test(.disabled(if: isThreadSanitized, "it holds handlers back in a forked child"))
  func `a forked child may take signals of its own`() async {
    await #expect(processExitsWith: .success) {
      let source = try SignalSource([.user1])
      let child = try forkedChild {
        guard let own = try? SignalSource([.user1]) else { return 1 }
        deliver(.user1)
        return own.next() == .user1 && own.next() == nil ? 42 : 2
      }
      #expect(status(of: child) == 42 << 8)
      var wanted = pollfd(fd: source.number, events: Int16(POLLIN), revents: 0)
      #expect(poll(&wanted, 1, 0) == 0)
      #expect(source.next() == nil)
    }
  }

  @Test func `a handler on another thread does not write to a descriptor that has been used again`() async {
    await #expect(processExitsWith: .success) {
      signal(SIGUSR1, { _ in })
      let (isOver, ended) = (CallCounter(), Counter())
      for _ in 0..<2 {
        try Thread.start(named: "raising") {
          while isOver.value == 0 { deliver(.user1) }
          ended.add()
        }
      }
      var (reused, written) = (0, 0)
      for _ in 0..<20_000 {
        let number = try SignalSource([.user1]).number
        let next = cepoll_event_create()
        var count: UInt64 = 0
        if next == number { reused += 1 }
        if read(next, &count, 8) > 0 { written += 1 }
        close(next)
      }
      isOver.add()
      #expect(ended.wait(for: 2))
      #expect(reused > 0)
      #expect(written == 0)
    }
  }
}

/// Lets this thread take a signal: those of Dispatch block all of them.
private func unblock(_ signal: Signal) {
  var mask = sigset_t()
  sigemptyset(&mask)
  sigaddset(&mask, signal.rawValue)
  pthread_sigmask(SIG_UNBLOCK, &mask, nil)
}

/// Whether the thread sanitizer is part of this program.
private let isThreadSanitized = dlsym(nil, "__tsan_init") != nil

/// Runs a body in a forked child, fork(2), whose exit status it returns; for the parent, the child's number.
private func forkedChild(_ body: () -> Int32) throws -> pid_t {
  // Swift does not offer it, since only the thread that calls it goes on in the child.
  let address = try #require(dlsym(nil, "fork"))
  let fork = unsafeBitCast(address, to: (@convention(c) () -> pid_t).self)
  let child = fork()
  if child == 0 { _exit(body()) }
  return child
}

/// Waits for a child's end; its status as waitpid(2) gives it.
private func status(of child: pid_t) -> Int32 {
  var status: Int32 = -1
  while waitpid(child, &status, 0) < 0, errno == EINTR {}
  return status
}
