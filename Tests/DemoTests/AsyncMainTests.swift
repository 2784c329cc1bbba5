import Glibc
import Testing

@Suite struct AsyncMainTests {
  @Test(arguments: [("sleep", ["slept"]), ("listen", ["127.0.0.1"])])
  func `main's first words are on the loop`(what: String, says: [String]) throws {
    let run = try Program.run("async-main", [what])
    #expect(run.output == says)
    #expect(run.exit == .code(0))
  }

  @Test func `what main has spawned is cancelled and awaited when it ends`() throws {
    let run = try Program.run("async-main", ["leave"])
    #expect(run.output == ["main has ended", "the spawned task has ended: CancellationError()"])
    #expect(run.exit == .code(0))
  }

  @Test func `an exit from a spawned task ends the process`() throws {
    #expect(try Program.run("async-main", ["exit"]).exit == .code(3))
  }

  @Test func `the first interrupt cancels main and no other task`() throws {
    let run = try Program.run("async-main", ["interrupt"])
    #expect(run.output == ["another task", "main was cancelled: CancellationError()"])
    #expect(run.exit == .code(0))
  }

  @Test func `a second signal ends the program, as itself`() throws {
    #expect(try Program.run("async-main", ["interrupt-twice"]).exit == .signal(SIGTERM))
  }

  @Test(arguments: ["interrupt-last", "interrupt-exit"])
  func `an interrupt at main's end or after it ends the program`(what: String) throws {
    #expect(try Program.run("async-main", [what]).exit == .signal(SIGINT))
  }

  @Test func `without descriptors the program ends with one line and exit 1`() throws {
    // One is what the program's own libraries are opened with, one after the other.
    let program = try Program("async-main", ["sleep"], descriptors: 4)
    #expect(try program.errorLines() == ["async-main: cannot make an event loop: Too many open files"])
    #expect(try program.outputLines() == [])
    #expect(try program.wait() == .code(1))
  }

  @Test func `signals keep the actions that the program has set`() throws {
    #expect(try Program.run("async-main", ["uninterrupted"]).exit == .signal(SIGINT))
  }

  @Test func `without a descriptor for Dispatch's main queue too`() throws {
    let program = try Program("async-main", ["sleep"], descriptors: 6)
    #expect(try program.errorLines() == ["async-main: cannot run: Too many open files (Dispatch's main queue)"])
    #expect(try program.outputLines() == [])
    #expect(try program.wait() == .code(1))
  }

  @Test func `an interrupt that another thread of the program's gets cancels main`() throws {
    let run = try Program.run("async-main", ["foreign"])
    #expect(run.output == ["main was cancelled: CancellationError()"])
    #expect(run.exit == .code(0))
  }

  @Test func `programs that the run starts, from a pool's thread too, block, ignore and catch no signal`() throws {
    let run = try Program.run("async-main", ["child"])
    // The C library's own, which posix_spawn(3) ignores for the program.
    let own = 0x1_8000_0000 as UInt64
    for name in ["SigBlk", "SigIgn", "SigCgt"] {
      let masks = run.output.filter { $0.hasPrefix("\(name):\t") }.map { UInt64($0.dropFirst(8), radix: 16) }
      #expect(masks.map { $0.map { $0 & ~own } } == [0, 0])
    }
    #expect(run.exit == .code(0))
  }
}
