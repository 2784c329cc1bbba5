import Glibc

/// Why a name could not be turned into addresses, getaddrinfo(3).
struct NameLookupFailure: Error {
  let text: String
  let reason: Errno
}

/// The system's name lookup, getaddrinfo(3). It blocks: never call it on a loop's thread.
enum NameLookup {
  static func addresses(host: String, port: UInt16) throws(NameLookupFailure) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else {
      let reason = code == EAI_SYSTEM ? Errno(rawValue: errno) : .noSuchEntry
      throw NameLookupFailure(text: String(cString: gai_strerror(code)), reason: reason)
    }
    defer { freeaddrinfo(list) }
    var found: [SocketAddress] = []
    var next = list
    while let entry = next {
      var storage = sockaddr_storage()
      withUnsafeMutableBytes(of: &storage) {
        $0.copyMemory(from: UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen)))
      }
      if let address = SocketAddress(kernelForm: &storage), !found.contains(address) { found.append(address) }
      next = entry.pointee.ai_next
    }
    return found
  }
}
