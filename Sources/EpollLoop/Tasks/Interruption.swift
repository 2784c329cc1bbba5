/// The signals that end a run: the first cancels its main task; what a second one does, its owner says.
final class Interruption {
  private let core: LoopCore
  private let signals: SignalSource?
  private var registration: Registration?
  private let onSecond: () -> Void
  /// How many have come.
  private(set) var count = 0

  init(by signals: [Signal], of main: TaskRecord, _ core: LoopCore, _ onSecond: @escaping () -> Void) throws {
    self.core = core
    self.onSecond = onSecond
    guard !signals.isEmpty else {
      self.signals = nil
      return
    }
    do {
      let source = try SignalSource(signals)
      self.signals = source
      let registration = try core.register(source.number, for: .readable)
      self.registration = registration
      let callback = Callback(.whileReady(registration, .reading)) { [unowned self] in take(main) }
      registration.reading = .awaited(core.add(callback))
    } catch {
      throw IOError(.run, error, "signals")
    }
  }

  private func take(_ main: TaskRecord) {
    while signals?.next() != nil {
      count += 1
      if count == 1 { main.cancel() } else { onSecond() }
    }
  }

  /// Gives the signals back to the process.
  func end() {
    if let registration { core.deregister(registration) }
    registration = nil
  }
}
