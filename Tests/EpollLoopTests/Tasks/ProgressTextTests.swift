import Testing

@testable import EpollLoop

@Suite struct ProgressTextTests {
  private func text(
    _ count: Int, of total: Int?, unit: String = "files", description: String = "copying",
    elapsed: Duration = .seconds(12), perSecond: Double? = 34.5
  ) -> ProgressText {
    ProgressText(
      description: description, count: count, total: total, unit: unit, elapsed: elapsed, perSecond: perSecond)
  }

  @Test func `a line has description, share, count, times and speed`() {
    #expect(text(420, of: 1000).line == "copying:  42% 420/1000 files [0:12<0:16, 34.5 files/s]")
  }

  @Test func `what is not given is not shown`() {
    #expect(text(420, of: nil).line == "copying: 420 files [0:12, 34.5 files/s]")
    #expect(text(420, of: 1000, unit: "", description: "").line == " 42% 420/1000 [0:12<0:16, 34.5/s]")
    #expect(text(0, of: 10, perSecond: nil).line == "copying:   0% 0/10 files [0:12<?, ? files/s]")
  }

  @Test func `a hundred percent is all of it, and more than all is shown as such`() {
    #expect(text(999_999, of: 1_000_000).line.hasPrefix("copying:  99% "))
    #expect(text(10, of: 10).line.hasPrefix("copying: 100% 10/10 files [0:12<0:00"))
    #expect(text(12, of: 10).line.hasPrefix("copying: 100% 12/10 files [0:12<0:00"))
    #expect(text(0, of: 0).line.hasPrefix("copying: 100% 0/0"))
    #expect(text(.max - 1, of: .max).line.hasPrefix("copying:  99% "))
  }

  @Test(arguments: [
    (Duration.zero, "0:00"), (.seconds(59.9), "0:59"), (.seconds(60), "1:00"), (.seconds(3599), "59:59"),
    (.seconds(3600), "1:00:00"), (.seconds(90_061), "25:01:01"), (.seconds(Int64.max), "?"),
  ])
  func `times are minutes and seconds, with hours if need be`(elapsed: Duration, shown: String) {
    #expect(text(1, of: nil, elapsed: elapsed).line.contains("[\(shown),"))
  }

  @Test(arguments: [
    (0.0, "0.0 files/s"), (1, "1.0 files/s"), (99.94, "99.9 files/s"), (99.96, "100 files/s"),
    (123_456.7, "123457 files/s"), (0.5, "30.0 files/min"), (1.0 / 60, "1.0 files/min"), (0.001, "3.6 files/h"),
    (1e300, "1e+300 files/s"),
  ])
  func `the speed is per second, minute or hour`(perSecond: Double, shown: String) {
    #expect(text(1, of: nil, perSecond: perSecond).line.hasSuffix(", \(shown)]"))
  }

  @Test func `a speed of nothing leaves the remaining time open`() {
    #expect(text(1, of: 10, perSecond: 0).line.contains("[0:12<?,"))
    #expect(text(1, of: .max, perSecond: 1e-9).line.contains("[0:12<?,"))
  }

  @Test func `a bar is filled by its share`() {
    func bar(_ count: Int, of total: Int) -> String {
      String(text(count, of: total).frame(columns: 500).drop { $0 != "|" }.prefix { $0 != "]" }.dropFirst().prefix(40))
    }
    #expect(bar(0, of: 10) == String(repeating: " ", count: 40))
    #expect(bar(5, of: 10) == String(repeating: "#", count: 20) + String(repeating: " ", count: 20))
    #expect(bar(10, of: 10) == String(repeating: "#", count: 40))
    #expect(bar(20, of: 10) == String(repeating: "#", count: 40))
    #expect(bar(0, of: 0) == String(repeating: "#", count: 40))
  }

  @Test(arguments: 0...120)
  func `a frame never reaches the last column`(columns: Int) {
    for count in [0, 420, 1000] {
      let frame = text(count, of: 1000).frame(columns: columns)
      #expect(frame.count <= max(0, columns - 1))
      #expect(frame.contains("|") == (columns >= text(count, of: 1000).line.count + 9))
    }
  }

  @Test func `without a total there is no bar`() {
    #expect(text(3, of: nil).frame(columns: 80) == text(3, of: nil).line)
    #expect(text(3, of: nil).frame(columns: 10) == "copying: ")
  }

  @Test func `what would leave the line is a blank`() {
    #expect(ProgressText.onOneLine("a\nb\r\nc\u{1B}[Kd\te\u{7F}") == "a b  c [Kd e ")
    #expect(ProgressText.onOneLine("größer ✓") == "größer ✓")
  }
}

@Suite struct ProgressSpeedTests {
  private func at(_ seconds: Double) -> Instant { Instant(nanoseconds: 0) + .seconds(seconds) }

  @Test func `a steady speed is shown as it is`() {
    var speed = ProgressSpeed(count: 0, at: at(0))
    #expect(speed.perSecond == nil)
    for step in 1...100 {
      speed.note(step * 3, at: at(Double(step) / 10))
      #expect(abs((speed.perSecond ?? 0) - 30) < 1e-6)
    }
  }

  @Test func `what is long ago counts for little`() {
    var speed = ProgressSpeed(count: 0, at: at(0))
    for step in 1...100 { speed.note(step * 100, at: at(Double(step) / 10)) }
    for step in 1...300 { speed.note(10_000 + step, at: at(10 + Double(step) / 10)) }
    #expect((10.0...13).contains(speed.perSecond ?? 0))
  }

  @Test func `a moment later changes nothing, and nothing is lost by it`() {
    var speed = ProgressSpeed(count: 0, at: at(0))
    speed.note(5, at: at(0))
    #expect(speed.perSecond == nil)
    speed.note(10, at: at(1))
    #expect(speed.perSecond == 10)
  }

  @Test func `to go back is no speed below zero`() {
    var speed = ProgressSpeed(count: 50, at: at(0))
    speed.note(0, at: at(1))
    #expect(speed.perSecond == 0)
    speed.note(.max, at: at(2))
    speed.note(0, at: at(3))
    #expect((speed.perSecond ?? -1) >= 0)
  }
}
