// compiles, and should not, in plain, inherit, main, both
// The control: without the library the compiler accepts it as well.
actor Owner {
  func late(_ number: inout Int) async {
    let old = number
    await Task.yield()
    number = old + 1
  }

  func start() {
    var numbers = [1, 2, 3]
    Task { await late(&numbers[0]) }
    Task {
      _ = self
      numbers = []
    }
  }
}
