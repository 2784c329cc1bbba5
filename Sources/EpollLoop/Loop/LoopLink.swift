/// Which loop something belongs to; it does not hold the loop.
///
/// Each task has one: a reference to the loop would be counted up and down for each task.
struct LoopLink {
  // SAFETY: reached on the loop's thread only, which holds the loop while it runs.
  private let core: Unmanaged<LoopCore>
  /// What names the loop in the ``LoopDirectory``: no other loop ever has it.
  private let number: UInt64

  init(_ core: LoopCore) {
    self.core = .passUnretained(core)
    number = core.number
  }

  /// Whether the loop runs on this thread.
  @inline(__always)
  var isCurrent: Bool { LoopCore.withCurrent(numbered: number) { _ in true } ?? false }

  /// Lends the loop: on its thread.
  @inline(__always)
  func withCore<Result>(_ body: (LoopCore) -> Result) -> Result { core._withUnsafeGuaranteedRef(body) }

  /// Hands something to the loop, unless it is gone, from any thread.
  func submit(_ item: Inbox.Item) {
    _ = LoopDirectory.inbox(of: number)?.submit(item)
  }
}
