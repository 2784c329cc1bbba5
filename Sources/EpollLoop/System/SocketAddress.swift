import CEpollShim
import Glibc

/// Where a socket is, or whom it speaks to.
public struct SocketAddress: Hashable, Sendable {
  /// The address's family and value.
  enum Value: Hashable, Sendable {
    /// An IPv4 address in host byte order, ip(7).
    case ipv4(UInt32, port: UInt16)
    /// An IPv6 address in host byte order, with the scope of a link-local one, ipv6(7).
    case ipv6(high: UInt64, low: UInt64, port: UInt16, scope: UInt32)
  }

  let value: Value

  init(_ value: Value) {
    self.value = value
  }

  /// Reads a numeric address, such as "127.0.0.1", "::1" or "fe80::1%2".
  ///
  /// - Parameters:
  ///   - numericHost: The address; names are not looked up here.
  ///   - port: The port; 0 lets the kernel choose where that makes sense.
  /// - Returns: nil if the text is not a numeric address.
  public init?(numericHost: String, port: UInt16) {
    // C would read no further than a zero byte, and take a part for the whole.
    guard !numericHost.utf8.contains(0) else { return nil }
    var v4 = in_addr()
    if inet_pton(AF_INET, numericHost, &v4) == 1 {
      value = .ipv4(UInt32(bigEndian: v4.s_addr), port: port)
      return
    }
    let parts = numericHost.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
    var v6 = in6_addr()
    guard let address = parts.first, inet_pton(AF_INET6, String(address), &v6) == 1 else { return nil }
    var scope: UInt32 = 0
    if parts.count == 2 {
      scope = UInt32(parts[1]) ?? if_nametoindex(String(parts[1]))
      guard scope != 0 else { return nil }
    }
    let (high, low) = withUnsafeBytes(of: v6) {
      (
        UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
        UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
      )
    }
    value = .ipv6(high: high, low: low, port: port, scope: scope)
  }

  /// The address without the port, as inet_ntop(3) writes it.
  public var host: String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(INET6_ADDRSTRLEN)) { text in
      guard let start = text.baseAddress else { return "" }
      switch value {
      case .ipv4(let address, _):
        var raw = in_addr(s_addr: address.bigEndian)
        inet_ntop(AF_INET, &raw, start, socklen_t(text.count))
        return String(cString: start)
      case .ipv6(let high, let low, _, let scope):
        var raw = (high.bigEndian, low.bigEndian)
        inet_ntop(AF_INET6, &raw, start, socklen_t(text.count))
        return String(cString: start) + (scope == 0 ? "" : "%\(scope)")
      }
    }
  }

  /// The port, 0 to 65535.
  public var port: UInt16 {
    switch value {
    case .ipv4(_, let port), .ipv6(_, _, let port, _): port
    }
  }

  /// The protocol family, for socket(2).
  var family: Int32 {
    switch value {
    case .ipv4: AF_INET
    case .ipv6: AF_INET6
    }
  }
}

extension SocketAddress: CustomStringConvertible {
  /// "HOST:PORT"; an IPv6 host stands in brackets.
  public var description: String {
    switch value {
    case .ipv4: "\(host):\(port)"
    case .ipv6: "[\(host)]:\(port)"
    }
  }
}

extension SocketAddress {
  /// Lends the address in the kernel's form.
  func withKernelForm<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    switch value {
    case .ipv4(let address, let port):
      var raw = sockaddr_in()
      raw.sin_family = sa_family_t(AF_INET)
      raw.sin_port = port.bigEndian
      raw.sin_addr = in_addr(s_addr: address.bigEndian)
      return SocketAddress.lend(&raw, body)
    case .ipv6(let high, let low, let port, let scope):
      var raw = sockaddr_in6()
      raw.sin6_family = sa_family_t(AF_INET6)
      raw.sin6_port = port.bigEndian
      raw.sin6_scope_id = scope
      withUnsafeMutableBytes(of: &raw.sin6_addr) {
        $0.storeBytes(of: high.bigEndian, as: UInt64.self)
        $0.storeBytes(of: low.bigEndian, toByteOffset: 8, as: UInt64.self)
      }
      return SocketAddress.lend(&raw, body)
    }
  }

  private static func lend<Raw, Result>(
    _ raw: inout Raw, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
  ) -> Result {
    // SAFETY: every sockaddr_* begins with sockaddr's fields; the length says how much follows.
    withUnsafeBytes(of: &raw) { bytes in
      body(bytes.assumingMemoryBound(to: sockaddr.self).baseAddress.unsafelyUnwrapped, socklen_t(bytes.count))
    }
  }

  /// Reads what the kernel wrote; nil for a family that is not handled here.
  init?(kernelForm storage: UnsafePointer<sockaddr_storage>) {
    let bytes = UnsafeRawPointer(storage)
    switch Int32(storage.pointee.ss_family) {
    case AF_INET:
      let raw = bytes.loadUnaligned(as: sockaddr_in.self)
      value = .ipv4(UInt32(bigEndian: raw.sin_addr.s_addr), port: UInt16(bigEndian: raw.sin_port))
    case AF_INET6:
      let raw = bytes.loadUnaligned(as: sockaddr_in6.self)
      let (high, low) = withUnsafeBytes(of: raw.sin6_addr) {
        (
          UInt64(bigEndian: $0.loadUnaligned(as: UInt64.self)),
          UInt64(bigEndian: $0.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        )
      }
      value = .ipv6(high: high, low: low, port: UInt16(bigEndian: raw.sin6_port), scope: raw.sin6_scope_id)
    default:
      return nil
    }
  }
}
