import CEpollShim
import Glibc

/// What standard error leads to, for those who draw on it.
enum Terminal {
  /// Whether standard error is a terminal, isatty(3).
  static var isThere: Bool { isatty(2) == 1 }

  /// How wide it is now, in characters, from `TIOCGWINSZ` of ioctl_tty(2); nil if it is none or does not say.
  static var columns: Int? {
    var size = winsize()
    guard ioctl(2, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }

  /// Writes a text to standard error as far as there is room, and drops the rest.
  ///
  /// - Parameter patience: How long to block at the most for each 4 KiB, in milliseconds: pipe(7) has room for
  ///   so many bytes, or poll(2) does not call it writable.
  static func write(_ text: String, patienceMilliseconds patience: Int32) {
    var text = text
    text.withUTF8 { bytes in
      var rest = UnsafeRawBufferPointer(bytes)[...]
      while !rest.isEmpty {
        var wanted = pollfd(fd: 2, events: Int16(POLLOUT), revents: 0)
        guard poll(&wanted, 1, patience) == 1 else { return }
        let piece = UnsafeRawBufferPointer(rebasing: rest.prefix(4096))
        let count = cepoll_fd_write(2, piece.baseAddress, piece.count)
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
      }
    }
  }
}
