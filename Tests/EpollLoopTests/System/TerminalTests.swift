import EpollLoopTesting
import Glibc
import Testing

@testable import EpollLoop

/// Standard error is the whole process's: each test is a process of its own.
@Suite struct TerminalTests {
  @Test func `a terminal is known, and how wide it is now`() async {
    await #expect(processExitsWith: .success) {
      let terminal = try PseudoTerminal()
      guard Terminal.isThere, Terminal.columns == nil else { exit(2) }
      terminal.resize(to: 132)
      guard Terminal.columns == 132 else { exit(3) }
      terminal.resize(to: 40)
      guard Terminal.columns == 40 else { exit(4) }
    }
  }

  @Test func `a pipe is no terminal`() async {
    await #expect(processExitsWith: .success) {
      _ = try standardErrorAsPipe()
      guard !Terminal.isThere, Terminal.columns == nil else { exit(2) }
    }
  }

  @Test func `a text is written whole where there is room`() async {
    await #expect(processExitsWith: .success) {
      let end = try standardErrorAsPipe()
      let text = String(repeating: "0123456789", count: 1000)
      Terminal.write(text, patienceMilliseconds: 0)
      var bytes = [UInt8](repeating: 0, count: 20_000)
      let count = read(end, &bytes, bytes.count)
      guard String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == text else { exit(2) }
    }
  }

  @Test(arguments: [true, false])
  func `what a full pipe has no room for is dropped, and nothing blocks`(isNonBlocking: Bool) async {
    await #expect(processExitsWith: .success) {
      [isNonBlocking] in
      let end = try standardErrorAsPipe()
      if isNonBlocking { _ = fcntl(2, F_SETFL, O_NONBLOCK) }
      let text = String(repeating: "0123456789", count: 1_000_000)
      Terminal.write(text, patienceMilliseconds: 0)
      Terminal.write("more", patienceMilliseconds: 1)
      var bytes = [UInt8](repeating: 0, count: 1_000_000)
      let count = read(end, &bytes, bytes.count)
      guard count > 4096, text.utf8.starts(with: bytes.prefix(count)) else { exit(2) }
      Terminal.write("again", patienceMilliseconds: 0)
      guard read(end, &bytes, bytes.count) == 5 else { exit(3) }
    }
  }

  @Test func `standard error that is closed, or that nobody reads, is no error`() async {
    await #expect(processExitsWith: .success) {
      let end = try standardErrorAsPipe()
      signal(SIGPIPE, SIG_IGN)
      close(end)
      Terminal.write("nobody reads", patienceMilliseconds: 0)
      close(2)
      Terminal.write("nowhere", patienceMilliseconds: 0)
    }
  }

  @Test func `a progress bar is drawn on a terminal, as wide as that is, and its line ends`() async {
    await #expect(processExitsWith: .success) {
      let terminal = try PseudoTerminal()
      terminal.resize(to: 50)
      try await runOnLoop {
        try await withProgress("copying", total: 2) { bar in
          try await sleep(for: .seconds(1))
          bar.advance(by: 2)
        }
      }
      let begin = "\rcopying:   0% |               | 0/2 [0:00<?, ?/s]\u{1B}[K"
      let end = "\rcopying: 100% |##########| 2/2 [0:01<0:00, 2.0/s]\u{1B}[K"
      // The terminal makes of a line's end two characters.
      let shown = terminal.readLine().replacing("\r\n", with: "\n")
      guard shown == begin + end + end + "\n" else { exit(2) }
    }
  }
}

/// A terminal without a screen, pty(7), that has become standard error.
private struct PseudoTerminal {
  private let master: Int32

  init() throws {
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    // TIOCSPTLCK and TIOCGPTN, ioctl_tty(2): unlock the other end, and ask for its number.
    var (lock, number): (Int32, Int32) = (0, 0)
    try #require(ioctl(master, 0x4004_5431, &lock) == 0 && ioctl(master, 0x8004_5430, &number) == 0)
    let end = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY)
    try #require(end >= 0 && dup2(end, 2) == 2)
  }

  func resize(to columns: UInt16) {
    var size = winsize(ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
    _ = ioctl(master, UInt(TIOCSWINSZ), &size)
  }

  /// What has been written, up to a line's end; the kernel brings it over in its own time.
  func readLine() -> String {
    var text = ""
    var bytes = [UInt8](repeating: 0, count: 4096)
    while !text.utf8.contains(UInt8(ascii: "\n")) {
      let count = read(master, &bytes, bytes.count)
      guard count > 0 else { break }
      text += String(decoding: bytes.prefix(count), as: UTF8.self)
    }
    return text
  }
}

/// Makes standard error a pipe; returns its end, for reading.
private func standardErrorAsPipe() throws -> Int32 {
  var ends: [Int32] = [-1, -1]
  try #require(pipe(&ends) == 0 && dup2(ends[1], 2) == 2)
  close(ends[1])
  return ends[0]
}
