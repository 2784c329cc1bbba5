import Testing

@testable import EpollLoop

@Suite struct RegistrationTableTests {
  @Test func `a registration is found by its token as long as it lives`() {
    var table = RegistrationTable()
    let registration = table.add(fd: 5)
    #expect(table.find(registration.token)?.takeUnretainedValue() === registration)
    #expect(table.count == 1)
    table.remove(registration)
    #expect(table.find(registration.token) == nil)
    #expect(table.count == 0)
  }

  @Test func `a token is never used twice`() {
    var table = RegistrationTable()
    var tokens: Set<UInt64> = []
    var random = Shuffle(seed: 4)
    var living: [Registration] = []
    for _ in 0..<20_000 {
      if living.count < 100, Bool.random(using: &random) {
        let registration = table.add(fd: 1)
        precondition(tokens.insert(registration.token).inserted, "token \(registration.token) came twice")
        living.append(registration)
      } else if !living.isEmpty {
        table.remove(living.remove(at: Int.random(in: 0..<living.count, using: &random)))
      }
    }
    #expect(table.count == living.count)
    #expect(living.allSatisfy { table.find($0.token)?.takeUnretainedValue() === $0 })
    let tokensOfTheLiving = Set(living.map(\.token))
    #expect(tokens.subtracting(tokensOfTheLiving).allSatisfy { table.find($0) == nil })
  }

  @Test func `the slot of a registration is used again under another token`() {
    var table = RegistrationTable()
    let first = table.add(fd: 5)
    table.remove(first)
    let second = table.add(fd: 5)
    #expect(UInt32(truncatingIfNeeded: first.token) == UInt32(truncatingIfNeeded: second.token))
    #expect(first.token != second.token)
    #expect(table.find(first.token) == nil)
  }

  @Test func `a slot whose generation is about to come round is retired`() {
    var table = RegistrationTable(firstGeneration: .max - 2)
    let tokens = (0..<3).map { _ in
      let registration = table.add(fd: 5)
      table.remove(registration)
      return registration.token
    }
    // Two generations are left of the first slot; the third registration gets the next slot.
    #expect(tokens.map { UInt32(truncatingIfNeeded: $0) } == [0, 0, 1])
    #expect(Set(tokens).count == 3)
    #expect(tokens.allSatisfy { table.find($0) == nil })
  }

  @Test func `a table whose slots are all retired grows`() {
    var table = RegistrationTable(firstGeneration: .max - 1)
    var tokens: Set<UInt64> = []
    for _ in 0..<1_000 {
      let registration = table.add(fd: 5)
      tokens.insert(registration.token)
      table.remove(registration)
    }
    #expect(tokens.count == 1_000)
    #expect(!tokens.contains(LoopCore.bellToken))
    #expect(!tokens.contains(LoopCore.alarmToken))
  }

  @Test func `the loop's own tokens are no registration's`() {
    var table = RegistrationTable()
    _ = table.add(fd: 5)
    #expect(table.find(LoopCore.bellToken) == nil)
    #expect(table.find(LoopCore.alarmToken) == nil)
    #expect(table.find(0) == nil)
  }

  @Test func `a table frees what it holds`() {
    weak var registration: Registration?
    do {
      var table = RegistrationTable()
      registration = table.add(fd: 5)
      #expect(registration != nil)
    }
    #expect(registration == nil)
  }

  @Test func `removing a registration twice traps`() async {
    await #expect(processExitsWith: .failure) {
      var table = RegistrationTable()
      let registration = table.add(fd: 5)
      table.remove(registration)
      table.remove(registration)
    }
  }
}
