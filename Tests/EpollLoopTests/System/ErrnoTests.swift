import Glibc
import Testing

@testable import EpollLoop

@Suite struct ErrnoTests {
  @Test func `a count is passed through`() throws {
    #expect(try Errno.check(0) == 0)
    #expect(try Errno.check(Int.max) == Int.max)
    #expect(try Errno.check(Int32(17)) == 17)
  }

  @Test func `a negated number is thrown as the error`() {
    #expect(throws: Errno.wouldBlock) { try Errno.check(-EAGAIN) }
    #expect(throws: Errno.brokenPipe) { try Errno.check(Int(-EPIPE)) }
  }

  @Test func `the most negative number does not overflow`() {
    #expect(throws: Errno.self) { try Errno.check(Int32.min) }
    #expect(throws: Errno.self) { try Errno.check(Int.min) }
  }

  @Test func `EWOULDBLOCK is EAGAIN`() {
    #expect(Errno(rawValue: EWOULDBLOCK) == .wouldBlock)
  }

  @Test func `the description is the system's`() {
    #expect(Errno.noSuchEntry.description == "No such file or directory")
    #expect("\(Errno.connectionRefused)" == "Connection refused")
  }

  @Test func `an unknown number has a description with the number`() {
    #expect(Errno(rawValue: 4711).description.contains("4711"))
    #expect(!Errno(rawValue: -1).description.isEmpty)
  }

  @Test(arguments: [Errno.tooManyOpenFiles, .tooManyOpenFilesInSystem, .noBufferSpace, .noMemory, .noSpace])
  func `a shortage comes back with time`(_ reason: Errno) {
    #expect(reason.isShortage)
    #expect(!reason.isOurBug)
  }

  @Test func `a closed descriptor, a bad address and no socket are our bugs`() {
    for number in [EBADF, EFAULT, ENOTSOCK] { #expect(Errno(rawValue: number).isOurBug) }
    #expect(!Errno.wouldBlock.isOurBug)
    #expect(!Errno.connectionReset.isShortage)
  }

  @Test func `an error says operation, reason and detail`() {
    #expect(
      IOError(.connect, .connectionRefused, "[::1]:7").description
        == "cannot connect: Connection refused ([::1]:7)")
    #expect(IOError(.read, .connectionReset).description == "cannot read: Connection reset by peer")
  }
}
