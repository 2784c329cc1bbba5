import CEpollShim
import Glibc
import Testing

@testable import EpollLoop

/// A pipe(2) whose ends close once.
final class Pipe {
  private var readEnd: FileDescriptor?
  private var writeEnd: FileDescriptor?
  let reading: Int32
  let writing: Int32

  init() {
    var ends: [Int32] = [-1, -1]
    precondition(pipe(&ends) == 0)
    for end in ends {
      _ = fcntl(end, F_SETFL, O_NONBLOCK)
      _ = fcntl(end, F_SETFD, FD_CLOEXEC)
    }
    (reading, writing) = (ends[0], ends[1])
    readEnd = FileDescriptor(owning: reading)
    writeEnd = FileDescriptor(owning: writing)
  }

  /// Writes bytes; how many went in.
  @discardableResult
  func put(_ count: Int = 1) -> Int {
    write(writing, [UInt8](repeating: 7, count: count), count)
  }

  /// Reads at most that many bytes; how many came, or -1.
  @discardableResult
  func take(_ count: Int = 1) -> Int {
    var bytes = [UInt8](repeating: 0, count: count)
    return read(reading, &bytes, count)
  }

  func closeReading() { readEnd = nil }
  func closeWriting() { writeEnd = nil }
}

extension Poller {
  /// The events that are there now.
  func events(blocking: Bool = false) -> [(token: UInt64, readiness: Readiness)] {
    var found: [(token: UInt64, readiness: Readiness)] = []
    wait(milliseconds: blocking ? -1 : 0) { found.append((token: $0, readiness: $1)) }
    return found
  }
}

/// Whether a descriptor's number is open in this process.
func isOpen(_ fd: Int32) -> Bool { fcntl(fd, F_GETFD) >= 0 }

@Suite struct DescriptorTests {
  @Test func `a descriptor closes when its owner goes`() {
    let pipe = Pipe()
    #expect(isOpen(pipe.reading))
    let copy = fcntl(pipe.reading, F_DUPFD_CLOEXEC, 0)
    let same = inode(of: copy)
    do {
      let owner = FileDescriptor(owning: copy)
      #expect(isOpen(owner.number))
    }
    // Another test may have got the number already.
    #expect(inode(of: copy) != same)
  }

  @Test func `a closed end is seen by the other one, once`() {
    let pipe = Pipe()
    pipe.closeWriting()
    // A process that another test starts right now has a copy of it, until it executes its program.
    var wanted = pollfd(fd: pipe.reading, events: Int16(POLLIN), revents: 0)
    #expect(poll(&wanted, 1, 10_000) == 1)
    #expect(pipe.take() == 0)
    pipe.closeWriting()
    #expect(isOpen(pipe.reading))
  }

  @Test func `a bell rings for every signal although nobody reads it`() throws {
    let poller = try Poller()
    let bell = try WakeDescriptor()
    try poller.add(bell.number, for: [.readable, .edgeTriggered], token: 3)
    #expect(poller.events().isEmpty)
    for _ in 0..<100 {
      bell.signal()
      #expect(poller.events().map(\.token) == [3])
      #expect(poller.events().isEmpty)
    }
  }

  @Test func `signals before a look are one event`() throws {
    let poller = try Poller()
    let bell = try WakeDescriptor()
    try poller.add(bell.number, for: [.readable, .edgeTriggered], token: 3)
    for _ in 0..<10 { bell.signal() }
    #expect(poller.events().count == 1)
    #expect(poller.events().isEmpty)
  }

  @Test func `a full bell counts as signalled`() throws {
    let bell = try WakeDescriptor()
    var most = UInt64.max - 1
    #expect(cepoll_fd_write(bell.number, &most, 8) == 8)
    bell.signal()
  }

  @Test func `an alarm rings again and again although nobody reads it`() throws {
    let poller = try Poller()
    let alarm = try AlarmDescriptor()
    try poller.add(alarm.number, for: [.readable, .edgeTriggered], token: 4)
    for _ in 0..<20 {
      let deadline = Instant.kernelNow + .microseconds(100)
      alarm.arm(at: deadline)
      #expect(poller.events(blocking: true).map(\.token) == [4])
      #expect(Instant.kernelNow >= deadline)
    }
    #expect(poller.events().isEmpty)
  }

  @Test(arguments: [Int64.min, -1, 0, 1])
  func `an alarm in the past rings at once`(_ nanoseconds: Int64) throws {
    let poller = try Poller()
    let alarm = try AlarmDescriptor()
    try poller.add(alarm.number, for: [.readable, .edgeTriggered], token: 4)
    alarm.arm(at: Instant(nanoseconds: nanoseconds))
    #expect(poller.events(blocking: true).count == 1)
  }

  @Test func `an alarm in the farthest future can be set, and set earlier again`() throws {
    let poller = try Poller()
    let alarm = try AlarmDescriptor()
    try poller.add(alarm.number, for: [.readable, .edgeTriggered], token: 4)
    alarm.arm(at: .distantFuture)
    alarm.arm(at: Instant(nanoseconds: .max - 1))
    #expect(poller.events().isEmpty)
    alarm.arm(at: Instant(nanoseconds: 1))
    #expect(poller.events(blocking: true).count == 1)
  }
}
