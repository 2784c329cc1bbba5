import CEpollShim

/// The process's standard error, stderr(3), without a buffer.
enum StandardError {
  /// Writes a text, as far as it can be written; there is nobody to tell of a failure.
  static func write(_ text: String) {
    var text = text
    text.withUTF8 { _ = cepoll_fd_write(2, $0.baseAddress, $0.count) }
  }
}
