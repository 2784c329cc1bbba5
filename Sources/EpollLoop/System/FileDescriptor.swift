import CEpollShim

/// A descriptor that this value owns and closes exactly once.
struct FileDescriptor: ~Copyable {
  /// The number; valid as long as this value lives.
  let number: Int32

  /// Takes over a descriptor that nothing else closes.
  init(owning number: Int32) {
    self.number = number
  }

  deinit {
    // EINTR and EIO leave the number released all the same: close(2), NOTES. Nothing can be done.
    _ = cepoll_fd_close(number)
  }
}
