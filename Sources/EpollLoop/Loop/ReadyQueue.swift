/// What runs next, first in, first out: a ring that grows and never shrinks.
///
/// The bound is the number of tasks and callbacks that exist: each stands in it at most once.
struct ReadyQueue: ~Copyable {
  /// One turn: a job of the runtime, or a woken waiter.
  struct Turn {
    enum Kind: UInt8 {
      /// A job that the runtime enqueued to the executor of the loop's actor.
      case actorJob
      /// A job that the runtime enqueued to the loop's task executor.
      case loopJob
      /// A waiter's slot.
      case waiter
    }

    let subject: UInt
    let kind: Kind
  }

  private var turns: UnsafeMutablePointer<Turn>
  private var mask: Int
  private var head = 0
  /// How many turns are waiting.
  private(set) var count = 0

  init(capacity: Int = 64) {
    turns = .allocate(capacity: capacity)
    mask = capacity - 1
  }

  deinit {
    turns.deallocate()
  }

  /// Adds a turn at the end. Amortised O(1).
  @inline(__always)
  mutating func append(_ subject: UInt, _ kind: Turn.Kind) {
    if count > mask { grow() }
    (turns + ((head &+ count) & mask)).initialize(to: Turn(subject: subject, kind: kind))
    count &+= 1
  }

  /// Takes the first turn; there must be one.
  @inline(__always)
  mutating func removeFirst() -> Turn {
    let turn = turns[head]
    head = (head &+ 1) & mask
    count &-= 1
    return turn
  }

  /// The turn at `offset` behind the first; there must be one.
  @inline(__always)
  func peek(_ offset: Int) -> Turn {
    turns[(head &+ offset) & mask]
  }

  /// Whether the first turn, which there must be, is that of a waiter's slot.
  @inline(__always)
  func startsWithWaiter(_ slot: UInt32) -> Bool {
    if case .waiter = turns[head].kind { turns[head].subject == UInt(slot) } else { false }
  }

  /// The addresses of the jobs that are waiting.
  var jobs: Set<UInt> {
    var jobs: Set<UInt> = []
    for offset in 0..<count {
      switch peek(offset).kind {
      case .actorJob, .loopJob: jobs.insert(peek(offset).subject)
      case .waiter: break
      }
    }
    return jobs
  }

  /// Takes out the turns of some waiters' slots; the order of the others stays.
  mutating func removeCallbacks(_ isWanted: (UInt32) -> Bool) -> [UInt32] {
    var removed: [UInt32] = []
    for _ in 0..<count {
      let turn = removeFirst()
      if case .waiter = turn.kind, isWanted(UInt32(truncatingIfNeeded: turn.subject)) {
        removed.append(UInt32(truncatingIfNeeded: turn.subject))
      } else {
        append(turn.subject, turn.kind)
      }
    }
    return removed
  }

  /// Exchanges the first turn with the one at `offset` behind it, for a shuffled order.
  mutating func bringForward(_ offset: Int) {
    let other = (head &+ offset) & mask
    (turns[head], turns[other]) = (turns[other], turns[head])
  }

  @inline(never)
  private mutating func grow() {
    let capacity = mask + 1
    let larger = UnsafeMutablePointer<Turn>.allocate(capacity: capacity * 2)
    for offset in 0..<count { (larger + offset).initialize(to: turns[(head + offset) & mask]) }
    turns.deallocate()
    turns = larger
    mask = capacity * 2 - 1
    head = 0
  }
}
