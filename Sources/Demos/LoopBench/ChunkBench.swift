import EpollLoop
import Glibc

extension Bench {
  /// What a program does with a chunk of 64 KiB, compared with the C library's functions.
  ///
  /// The program is another module than the library: nothing of the library is inlined that others could not inline.
  func measureChunks() throws {
    let size = 65_536
    let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 | 1) }
    let chunk = Chunk(bytes)
    try measureCopy(chunk, bytes)
    try measureAppend(chunk, bytes)
    try measureSearch(chunk, bytes)
  }

  private func measureCopy(_ chunk: Chunk, _ bytes: [UInt8]) throws {
    let count = effort.size(20_000)
    var pairs = Pairs()
    for _ in 0..<effort.rounds {
      var total = 0
      var watch = Stopwatch.cpu()
      for _ in 0..<count { total += Array(chunk).count }
      pairs.ours.append(watch.each(of: count))
      watch = Stopwatch.cpu()
      for _ in 0..<count {
        let copy = [UInt8](unsafeUninitializedCapacity: bytes.count) { target, initialized in
          if let start = target.baseAddress { memcpy(start, bytes, bytes.count) }
          initialized = bytes.count
        }
        total -= copy.count
      }
      pairs.control.append(watch.each(of: count))
      try Violation.unless(total == 0 && Array(chunk) == bytes, "a copy of a chunk differs")
    }
    report("chunk, Array; control: memcpy to a new array", pairs.ours, beside: pairs.control, .timesControl(2))
  }

  private func measureAppend(_ chunk: Chunk, _ bytes: [UInt8]) throws {
    let count = effort.size(20_000)
    var pairs = Pairs()
    var all: [UInt8] = []
    all.reserveCapacity(bytes.count)
    for _ in 0..<effort.rounds {
      var watch = Stopwatch.cpu()
      for _ in 0..<count {
        all.removeAll(keepingCapacity: true)
        all.append(contentsOf: chunk)
      }
      pairs.ours.append(watch.each(of: count))
      try Violation.unless(all == bytes, "an appended chunk differs")
      watch = Stopwatch.cpu()
      for _ in 0..<count {
        all.withUnsafeMutableBytes { target in
          if let start = target.baseAddress { memcpy(start, bytes, bytes.count) }
        }
      }
      pairs.control.append(watch.each(of: count))
    }
    report("chunk, append; control: memcpy", pairs.ours, beside: pairs.control, .timesControl(2))
  }

  private func measureSearch(_ chunk: Chunk, _ bytes: [UInt8]) throws {
    let count = effort.size(20_000)
    var pairs = Pairs()
    for _ in 0..<effort.rounds {
      var found = 0
      // Each byte is odd: the whole of it is searched, for another byte each time, or one search would do for all.
      var watch = Stopwatch.cpu()
      for turn in 0..<count where chunk.firstIndex(of: UInt8(truncatingIfNeeded: turn * 2)) != nil { found += 1 }
      pairs.ours.append(watch.each(of: count))
      watch = Stopwatch.cpu()
      for turn in 0..<count where memchr(bytes, Int32(turn * 2 % 256), bytes.count) != nil { found += 1 }
      pairs.control.append(watch.each(of: count))
      try Violation.unless(found == 0, "a byte was found that is not in a chunk")
    }
    report("chunk, firstIndex(of:); control: memchr", pairs.ours, beside: pairs.control, .timesControl(2))
  }
}
