import Glibc

/// A host name could not be turned into addresses, getaddrinfo(3).
public struct NameLookupError: Error, Hashable, Sendable {
  /// A reason that getaddrinfo(3) returns.
  public struct Code: RawRepresentable, Hashable, Sendable {
    /// The number, as `<netdb.h>` names it: `EAI_NONAME` and others.
    public let rawValue: Int32

    /// Wraps a number from `<netdb.h>`.
    public init(rawValue: Int32) {
      self.rawValue = rawValue
    }

    /// The name does not exist, or has no address.
    public static let noName = Code(rawValue: EAI_NONAME)
    /// The name exists and has no address; glibc's own code, `EAI_NODATA`.
    public static let noAddress = Code(rawValue: -5)
    /// The name server failed for now, or could not be reached: a later look-up may succeed.
    public static let temporary = Code(rawValue: EAI_AGAIN)
    /// The name server refused for good.
    public static let permanent = Code(rawValue: EAI_FAIL)
    /// There was no memory.
    public static let noMemory = Code(rawValue: EAI_MEMORY)
    /// A system call failed: ``NameLookupError/systemError`` says why.
    public static let system = Code(rawValue: EAI_SYSTEM)
  }

  /// The name that was looked up.
  public let host: String
  /// Why the look-up failed.
  public let code: Code
  /// The error of the system call, if the code is ``Code/system``; else nil.
  public let systemError: Errno?

  /// Creates an error.
  ///
  /// - Parameter systemError: The error of the system call; dropped unless the code is ``Code/system``.
  public init(host: String, _ code: Code, systemError: Errno? = nil) {
    self.host = host
    self.code = code
    self.systemError = code == .system ? systemError : nil
  }
}

extension NameLookupError: CustomStringConvertible {
  /// "cannot look up 'HOST': REASON", the reason in the system's words.
  public var description: String { "cannot look up '\(host)': \(systemError?.description ?? code.description)" }
}

extension NameLookupError.Code: CustomStringConvertible {
  /// The system's words for it, from gai_strerror(3).
  public var description: String { String(cString: gai_strerror(rawValue)) }
}

/// The system's name lookup, getaddrinfo(3). It blocks: never call it on a loop's thread.
enum NameLookup {
  /// Looks up the addresses of a name that contains no NUL.
  static func addresses(host: String, port: UInt16) throws(NameLookupError) -> [SocketAddress] {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &list)
    guard code == 0 else {
      // Read at once, before another call changes it.
      let systemError = Errno(rawValue: errno)
      throw NameLookupError(host: host, NameLookupError.Code(rawValue: code), systemError: systemError)
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
