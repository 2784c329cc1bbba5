import CEpollShim
import Glibc
import Testing

@testable import EpollLoop

@Suite struct ThreadTests {
  @Test func `a lock lets one thread in at a time`() throws {
    final class Total: Sendable {
      let lock = ThreadLock()
      // SAFETY: only ever touched inside `lock.locked`: that is what the test is about.
      nonisolated(unsafe) var count = 0
    }
    let (total, ended) = (Total(), Counter())
    for _ in 0..<4 {
      try Thread.start(named: "adder") {
        for _ in 0..<10_000 { total.lock.locked { total.count += 1 } }
        ended.add()
      }
    }
    #expect(ended.wait(for: 4))
    #expect(total.lock.locked { total.count } == 40_000)
  }

  @Test func `a wait without a signal ends with its timeout, not before`() {
    let lock = ThreadLock()
    let start = cepoll_clock_monotonic_now()
    let isInTime = lock.locked { lock.wait(timeoutNanoseconds: 2_000_000) }
    #expect(!isInTime)
    #expect(cepoll_clock_monotonic_now() - start >= 2_000_000)
  }

  @Test func `a timeout that carries into the next second does not end at once`() throws {
    let lock = ThreadLock()
    let isInTime = try lock.locked { () -> Result<Bool, Errno> in
      do throws(Errno) {
        try Thread.start(named: "signaller") { lock.locked { lock.signal() } }
      } catch {
        return .failure(error)
      }
      // Unless it is carried, pthread_cond_timedwait(3) answers EINVAL.
      return .success(lock.wait(timeoutNanoseconds: 10_999_999_999))
    }.get()
    #expect(isInTime)
  }

  @Test func `a thread has its name`() throws {
    let ended = Counter()
    try Thread.start(named: "named-thread") {
      let file = FileDescriptor(owning: open("/proc/thread-self/comm", O_RDONLY | O_CLOEXEC))
      var name = [UInt8](repeating: 0, count: 16)
      let count = read(file.number, &name, name.count)
      if String(decoding: name.prefix(count), as: UTF8.self) == "named-thread\n" { ended.add() }
    }
    #expect(ended.wait(for: 1))
  }

  @Test(arguments: [false, true])
  func `a thread has the signal mask of its starter`(isBlocked: Bool) throws {
    var (mask, before) = (sigset_t(), sigset_t())
    sigemptyset(&mask)
    sigaddset(&mask, SIGUSR2)
    pthread_sigmask(isBlocked ? SIG_BLOCK : SIG_UNBLOCK, &mask, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    let (blocked, ended) = (Counter(), Counter())
    try Thread.start(named: "masked") {
      var mask = sigset_t()
      pthread_sigmask(SIG_BLOCK, nil, &mask)
      if sigismember(&mask, SIGUSR2) == 1 { blocked.add() }
      ended.add()
    }
    #expect(ended.wait(for: 1))
    #expect(blocked.value == (isBlocked ? 1 : 0))
  }

  @Test func `a thread lets go of what its body holds`() throws {
    final class Held: Sendable {
      let freed: Counter
      init(_ freed: Counter) { self.freed = freed }
      deinit { freed.add() }
    }
    let freed = Counter()
    let held = Held(freed)
    try Thread.start(named: "holder") { [held] in withExtendedLifetime(held) {} }
    _ = consume held
    #expect(freed.wait(for: 1))
  }

  @Test func `there is a processor`() {
    #expect(Thread.processorCount > 0)
  }

  @Test func `work of a pool with one thread is done in order`() throws {
    let pool = ThreadPool(maximumThreads: 1, idleTime: .milliseconds(1))
    let ended = Counter()
    for number in 0..<1_000 {
      try pool.submit {
        if ended.value == number { ended.add() }
      }
    }
    #expect(ended.wait(for: 1_000))
  }

  @Test func `a pool starts no more threads than it may`() throws {
    let pool = ThreadPool(maximumThreads: 3, idleTime: .milliseconds(1))
    let ended = Counter()
    for _ in 0..<100 { try pool.submit { ended.add() } }
    #expect(pool.threadCount <= 3)
    #expect(ended.wait(for: 100))
  }
}
