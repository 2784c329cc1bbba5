import Testing

@testable import EpollLoop

@Suite struct RingTests {
  /// Counts those of its kind that are alive.
  private final class Counted {
    final class Tally { var alive = 0 }

    private let tally: Tally

    init(_ tally: Tally) {
      self.tally = tally
      tally.alive += 1
    }

    deinit { tally.alive -= 1 }
  }

  @Test func `items come out first in first out, over many rounds of the ring`() {
    var ring = Ring<Int>()
    var (next, expected) = (0, 0)
    for round in 0..<200 {
      for _ in 0..<round % 7 + 1 {
        ring.append(next)
        next += 1
      }
      for _ in 0..<round % 5 + 1 {
        guard let item = ring.removeFirst() else { break }
        #expect(item == expected)
        expected += 1
      }
    }
    #expect(ring.count == next - expected)
  }

  @Test func `items can be taken from the end`() {
    var ring = Ring<Int>()
    for number in 0..<10 { ring.append(number) }
    #expect(ring.removeLast() == 9)
    #expect(ring.removeFirst() == 0)
    ring.append(10)
    #expect((0..<ring.count).map { ring[$0] } == [1, 2, 3, 4, 5, 6, 7, 8, 10])
    #expect((0..<9).map { _ in ring.removeLast() } == [10, 8, 7, 6, 5, 4, 3, 2, 1])
    #expect(ring.removeLast() == nil)
    #expect(ring.removeFirst() == nil)
  }

  @Test func `it agrees with an array, whatever is done`() {
    for seed in 0..<50 as Range<UInt64> {
      var random = Shuffle(seed: seed)
      var ring = Ring<Int>()
      var model: [Int] = []
      for step in 0..<500 {
        switch Int.random(in: 0..<10, using: &random) {
        case 0..<(seed.isMultiple(of: 2) ? 4 : 6):
          ring.append(step)
          model.append(step)
        case 8: #expect(ring.removeLast() == model.popLast())
        default: #expect(ring.removeFirst() == (model.isEmpty ? nil : model.removeFirst()))
        }
        #expect(ring.count == model.count)
      }
      #expect((0..<ring.count).map { ring[$0] } == model)
    }
  }

  @Test func `what is taken, and what is left at the end, is let go of`() {
    let tally = Counted.Tally()
    do {
      var ring = Ring<Counted>()
      for _ in 0..<100 { ring.append(Counted(tally)) }
      for _ in 0..<30 {
        _ = ring.removeFirst()
        _ = ring.removeLast()
      }
      #expect(tally.alive == 40)
    }
    #expect(tally.alive == 0)
  }

  @Test func `a ring that has held many gives their memory back when it is empty`() {
    var ring = Ring<Int>()
    for number in 0..<100_000 { ring.append(number) }
    #expect(ring.mask + 1 >= 100_000)
    for number in 0..<100_000 { #expect(ring.removeFirst() == number) }
    #expect(ring.mask + 1 == Ring<Int>.capacities.first)
    ring.append(7)
    #expect(ring.removeFirst() == 7)
  }

  @Test func `a place without an item traps`() async {
    await #expect(processExitsWith: .failure) {
      var ring = Ring<Int>()
      ring.append(1)
      _ = ring[1]
    }
  }
}
