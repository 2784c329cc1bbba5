import Glibc
import Testing

@testable import EpollLoop

@Suite struct SocketAddressTests {
  @Test(arguments: [
    "0.0.0.0", "127.0.0.1", "255.255.255.255", "::", "::1", "2001:db8::ff00:42:8329", "fe80::1%2",
    "ff02::fb%7", "::ffff:10.1.2.3",
  ])
  func `what is parsed is printed again`(_ text: String) throws {
    let address = try #require(SocketAddress(numericHost: text, port: 7777))
    #expect(address.host == text)
    #expect(address.port == 7777)
  }

  @Test(arguments: [
    "", " ", "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1", " 127.0.0.1", "127.0.0.1 ", "0x7f.0.0.1",
    "127.0.0.1%1", "[::1]", ":::", "1::2::3", "::1%", "::1%no-such-interface", "::1%4294967296", "fe80::1%0",
    "12345::", "127.0.0.1:80", "%1",
  ])
  func `what is not numeric is refused`(_ text: String) {
    #expect(SocketAddress(numericHost: text, port: 1) == nil)
  }

  @Test func `text behind a zero byte is not ignored`() {
    #expect(SocketAddress(numericHost: "127.0.0.1\0.example.org", port: 1) == nil)
    #expect(SocketAddress(numericHost: "::1\0x", port: 1) == nil)
    #expect(SocketAddress(numericHost: "::1%1\0x", port: 1) == nil)
  }

  @Test func `an interface's name is its scope`() throws {
    let address = try #require(SocketAddress(numericHost: "fe80::1%lo", port: 1))
    #expect(address.host == "fe80::1%\(if_nametoindex("lo"))")
  }

  @Test func `IPv6 stands in brackets before its port`() {
    #expect(SocketAddress(numericHost: "::1", port: 80)?.description == "[::1]:80")
    #expect(SocketAddress(numericHost: "fe80::1%3", port: 0)?.description == "[fe80::1%3]:0")
    #expect(SocketAddress(numericHost: "10.0.0.1", port: 65535)?.description == "10.0.0.1:65535")
  }

  @Test func `different spellings of one address are equal`() {
    #expect(SocketAddress(numericHost: "0:0:0:0:0:0:0:1", port: 5) == SocketAddress(numericHost: "::1", port: 5))
    #expect(SocketAddress(numericHost: "::1", port: 5) != SocketAddress(numericHost: "::1", port: 6))
    #expect(SocketAddress(numericHost: "fe80::1%1", port: 5) != SocketAddress(numericHost: "fe80::1%2", port: 5))
  }

  @Test func `the family follows the address`() {
    #expect(SocketAddress(numericHost: "1.2.3.4", port: 0)?.family == AF_INET)
    #expect(SocketAddress(numericHost: "::", port: 0)?.family == AF_INET6)
  }

  @Test func `the kernel's form keeps everything`() throws {
    var random = Shuffle(seed: 2)
    for _ in 0..<1_000 {
      let port = UInt16.random(in: 0...65535, using: &random)
      let v4 = SocketAddress(.ipv4(.random(in: 0 ... .max, using: &random), port: port))
      let v6 = SocketAddress(
        .ipv6(
          high: .random(in: 0 ... .max, using: &random), low: .random(in: 0 ... .max, using: &random), port: port,
          scope: .random(in: 0 ... .max, using: &random)))
      for address in [v4, v6] {
        #expect(throughKernelForm(address) == address)
        #expect(SocketAddress(numericHost: address.host, port: port) == address)
      }
    }
  }

  @Test func `the kernel's form has network byte order and the right length`() throws {
    let address = try #require(SocketAddress(numericHost: "1.2.3.4", port: 0x1234))
    let bytes = address.withKernelForm { pointer, length in
      Array(UnsafeRawBufferPointer(start: pointer, count: Int(length)))
    }
    #expect(bytes.count == MemoryLayout<sockaddr_in>.size)
    #expect(Array(bytes[2..<8]) == [0x12, 0x34, 1, 2, 3, 4])
  }

  @Test func `a family that is not handled is no address`() {
    var storage = sockaddr_storage()
    #expect(SocketAddress(kernelForm: &storage) == nil)
    storage.ss_family = sa_family_t(AF_UNIX)
    #expect(SocketAddress(kernelForm: &storage) == nil)
  }

  private func throughKernelForm(_ address: SocketAddress) -> SocketAddress? {
    var storage = sockaddr_storage()
    address.withKernelForm { pointer, length in
      withUnsafeMutableBytes(of: &storage) {
        $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: Int(length)))
      }
    }
    return SocketAddress(kernelForm: &storage)
  }
}
