import Testing

@Suite struct ShrinkerTests {
  @Test func `only what is needed to fail is left`() async {
    let short = await shortest(Array(0..<1000)) { $0.contains(37) && $0.contains(911) }
    #expect(short == [37, 911])
  }

  @Test func `the order of what is left stays`() async {
    let fails = { (numbers: [Int]) -> Bool in
      guard let high = numbers.firstIndex(of: 90), let low = numbers.firstIndex(of: 10) else { return false }
      return high < low
    }
    #expect(await shortest(Array((0..<100).reversed()), thatFails: fails) == [90, 10])
  }

  @Test func `a sequence that fails whatever it holds shrinks to nothing`() async {
    #expect(await shortest([1, 2, 3]) { _ in true } == [])
  }

  @Test func `a sequence that passes has no fault`() async {
    #expect(await firstFault(in: [1, 2, 3]) { _ in nil } == nil)
  }

  @Test func `a fault names the shortest operations`() async {
    #expect(await firstFault(in: [1, 2, 3]) { $0.contains(2) ? "two" : nil } == "two after [2]")
  }
}
