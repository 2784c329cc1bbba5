import Glibc

/// Limits how many tests run their loops at a time: one for each processor.
///
/// Each loop under test has a thread. Without a limit hundreds of them would share a few processors, and a test on the
/// kernel's clock would run late by seconds. Waiting tests are suspended, and served in FIFO order.
actor TestSlots {
  static let shared = TestSlots(max(2, sysconf(Int32(_SC_NPROCESSORS_ONLN))))

  private var free: Int
  private var waiting: [CheckedContinuation<Void, Never>] = []

  init(_ count: Int) {
    free = count
  }

  /// Takes a slot, waiting for it.
  func take() async {
    if free > 0 {
      free -= 1
    } else {
      await withCheckedContinuation { waiting.append($0) }
    }
  }

  /// Gives a slot back: to the test that has waited longest, if one waits.
  func giveBack() {
    if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
  }
}
