/// The signals that end a run: the first cancels its main task, and each later one calls a function.
final class Interruption {
  private var signals: SignalSource?
  private var watch: DescriptorWatch?
  /// The number of signals that have come.
  private(set) var count = 0
  /// The signal that came last.
  private(set) var last: Signal?

  /// Takes signals from now on; nil if there are none to take.
  init?(by signals: [Signal], of main: TaskRecord, _ core: LoopCore, _ onSecond: @escaping () -> Void) throws {
    guard !signals.isEmpty else { return nil }
    let source: SignalSource
    do throws(Errno) {
      source = try SignalSource(signals)
    } catch {
      throw IOError(.run, error, "signals")
    }
    self.signals = source
    watch = try DescriptorWatch(
      source.number, core, endsWithRun: false,
      onReadable: { [unowned self] in
        while let signal = self.signals?.next() {
          count += 1
          last = signal
          if count == 1 { main.cancel() } else { onSecond() }
        }
      })
  }

  /// Gives the signals back to the process, which handles those that were not read.
  func end() {
    watch?.end()
    watch = nil
    signals = nil
  }
}
