import Glibc
import Testing

@testable import EpollLoop

@Suite struct PollerTests {
  @Test func `an event brings its descriptor's token, all 64 bits of it`() throws {
    let poller = try Poller()
    let pipe = Pipe()
    try poller.add(pipe.reading, for: .readable, token: 0xFEDC_BA98_7654_3210)
    pipe.put()
    #expect(poller.events().map(\.token) == [0xFEDC_BA98_7654_3210])
  }

  @Test func `edge-triggered, one arrival is one event`() throws {
    let poller = try Poller()
    let pipe = Pipe()
    try poller.add(pipe.reading, for: [.readable, .edgeTriggered], token: 1)
    pipe.put()
    #expect(poller.events().count == 1)
    #expect(poller.events().isEmpty)
    pipe.put()
    #expect(poller.events().count == 1)
  }

  @Test func `level-triggered, an event comes until all is read`() throws {
    let poller = try Poller()
    let pipe = Pipe()
    try poller.add(pipe.reading, for: .readable, token: 1)
    pipe.put(2)
    for _ in 0..<3 { #expect(poller.events().count == 1) }
    pipe.take(2)
    #expect(poller.events().isEmpty)
  }

  @Test func `modify changes what is watched and the token`() throws {
    let poller = try Poller()
    let pipe = Pipe()
    try poller.add(pipe.writing, for: [.readable], token: 1)
    #expect(poller.events().isEmpty)
    try poller.modify(pipe.writing, for: [.writable], token: 2)
    let events = poller.events()
    #expect(events.map(\.token) == [2])
    #expect(events.first?.readiness == .writable)
  }

  @Test func `a deleted descriptor brings nothing`() throws {
    let poller = try Poller()
    let pipe = Pipe()
    try poller.add(pipe.reading, for: .readable, token: 1)
    pipe.put()
    try poller.delete(pipe.reading)
    #expect(poller.events().isEmpty)
    #expect(throws: Errno.noSuchEntry) { try poller.delete(pipe.reading) }
  }

  @Test func `a descriptor is added once, and must be open`() throws {
    let poller = try Poller()
    let pipe = Pipe()
    try poller.add(pipe.reading, for: .readable, token: 1)
    #expect(throws: Errno(rawValue: EEXIST)) { try poller.add(pipe.reading, for: .readable, token: 2) }
    #expect(throws: Errno.badFileDescriptor) { try poller.add(-1, for: .readable, token: 2) }
  }

  @Test func `a regular file is refused`() throws {
    let poller = try Poller()
    let file = FileDescriptor(owning: open("/proc/self/exe", O_RDONLY | O_CLOEXEC))
    #expect(throws: Errno.notPermitted) { try poller.add(file.number, for: .readable, token: 1) }
  }

  @Test func `a pipe that has lost its writer hangs up, one without reader fails`() throws {
    let poller = try Poller()
    let first = Pipe()
    let second = Pipe()
    try poller.add(first.reading, for: .readable, token: 1)
    // A process that another test starts right now has copies of the pipes' ends, until it executes its program:
    // so the events may come a little later.
    first.closeWriting()
    #expect(poller.events(blocking: true).map(\.readiness) == [.hungUp])
    try poller.delete(first.reading)
    try poller.add(second.writing, for: [], token: 2)
    second.closeReading()
    #expect(poller.events(blocking: true).map(\.readiness) == [.failed])
  }

  @Test func `the end of the peer's direction is told apart from a hang-up`() throws {
    let poller = try Poller()
    let pair = try Socket.pair()
    let one = FileDescriptor(owning: pair.0)
    let other = FileDescriptor(owning: pair.1)
    try poller.add(one.number, for: .stream, token: 1)
    #expect(poller.events().map(\.readiness) == [.writable])
    try Socket(fd: other.number).shutDown(.writing)
    let readiness = try #require(poller.events().first?.readiness)
    #expect(readiness.isSuperset(of: [.readable, .readEnded]))
    #expect(readiness.isDisjoint(with: [.hungUp, .failed]))
  }

  @Test func `more events than a batch holds come with the next waits`() throws {
    let poller = try Poller()
    let pipe = Pipe()
    pipe.put()
    var copies: [Int32] = []
    defer { for copy in copies { close(copy) } }
    for token in 0..<(Poller.batch + 10) {
      let copy = fcntl(pipe.reading, F_DUPFD_CLOEXEC, 0)
      try #require(copy >= 0)
      copies.append(copy)
      try poller.add(copy, for: [.readable, .edgeTriggered], token: UInt64(token))
    }
    #expect(poller.events().count == Poller.batch)
    #expect(poller.events().count == 10)
    #expect(poller.events().isEmpty)
  }
}
