import Glibc

/// What a run has done and what it took.
struct Report {
  private let options: Options
  private let fired: Int
  private let cancelled: Int
  private let moved: Int
  private let echoes: Int
  private let lateness: [Int64]
  private let nanosecondsEach: Int
  private let peakKilobytes: Int
  /// Of all firings in their order.
  let digest: String

  init(_ options: Options, _ ledger: Ledger, nanoseconds: Int64, echoes: Int) {
    self.options = options
    (fired, cancelled, moved) = (ledger.fired, ledger.cancelled, ledger.moved)
    self.echoes = echoes
    lateness = ledger.lateness.sorted()
    // To make a timer, to move it, to cancel it and to fire are operations.
    nanosecondsEach = Int(nanoseconds) / (options.timers + fired + cancelled + moved)
    peakKilobytes = peakMemory()
    let hexadecimal = String(ledger.digest, radix: 16)
    digest = String(repeating: "0", count: 16 - hexadecimal.count) + hexadecimal
  }

  /// For readers.
  var text: String {
    """
    \(options.isVirtual ? "virtual" : "kernel") clock, \(options.timers) timers, seed \(options.seed): \
    \(fired) fired, \(cancelled) cancelled, \(moved) moved, \(echoes) messages echoed
    lateness: p50 \(late(50) / 1_000) us, p99 \(late(99) / 1_000) us, max \(late(100) / 1_000) us
    CPU time: \(nanosecondsEach) ns an operation; peak memory: \(peakKilobytes / 1_024) MiB
    """ + (options.isVirtual ? "\ndigest: \(digest)" : "")
  }

  /// For programs: one line.
  var json: String {
    let pairs: [(String, String)] = [
      ("clock", options.isVirtual ? "\"virtual\"" : "\"kernel\""), ("timers", "\(options.timers)"),
      ("seed", "\(options.seed)"), ("cancel_fraction", "\(options.cancelFraction)"),
      ("spread_ns", "\(options.spread)"), ("fired", "\(fired)"), ("cancelled", "\(cancelled)"), ("moved", "\(moved)"),
      ("echoes", "\(echoes)"), ("lateness_p50_ns", "\(late(50))"), ("lateness_p99_ns", "\(late(99))"),
      ("lateness_max_ns", "\(late(100))"), ("cpu_ns_per_operation", "\(nanosecondsEach)"),
      ("peak_memory_kib", "\(peakKilobytes)"), ("digest", options.isVirtual ? "\"\(digest)\"" : "null"),
    ]
    return "{" + pairs.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }

  /// The lateness in nanoseconds that so many hundredths of all firings did not exceed.
  private func late(_ hundredths: Int) -> Int64 {
    lateness.isEmpty ? 0 : lateness[min(lateness.count - 1, lateness.count * hundredths / 100)]
  }
}

/// CPU time of the process, clock_gettime(2).
struct Stopwatch {
  private let start = Stopwatch.now()

  /// Nanoseconds since it was made.
  var nanoseconds: Int64 { Stopwatch.now() - start }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
  }
}

/// The most that the process has had resident, in KiB: VmHWM of proc_pid_status(5); 0 if it cannot be read.
private func peakMemory() -> Int {
  guard let file = fopen("/proc/self/status", "r") else { return 0 }
  defer { fclose(file) }
  var line = [CChar](repeating: 0, count: 256)
  while fgets(&line, Int32(line.count), file) != nil {
    let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard text.hasPrefix("VmHWM:") else { continue }
    return text.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
  }
  return 0
}
